"""make eval: measure the categorizer and the recurring streams, and write it into their pages.

python -m evaluation            print, and write docs/reference/categorizer.md and bills.md
python -m evaluation --check    print; exit 1 if the page says something else
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from evaluation.households import DAYS, Outcome, after_corrections
from evaluation.measure import DIFFICULTIES, Answered, by, confused, reliability, share
from evaluation.recurring.report import BEGIN as BILLS_BEGIN
from evaluation.recurring.report import END as BILLS_END
from evaluation.recurring.report import PAGE as BILLS_PAGE
from evaluation.recurring.report import report as recurring_report
from evaluation.rows import SETS, labelled
from mintflow.hosts.collector import tune_collector
from mintflow.ml.builtin import BuiltIn
from mintflow.ml.categorize import Suggestion

PAGE = Path(__file__).parents[1] / "docs/reference/categorizer.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


_CONFUSED_MAX = 40  # The rest are rows of one of a kind.


def answered(categorizer: BuiltIn) -> dict[str, list[Answered]]:
    """By set: every labelled row with what is suggested for it."""
    found = {}
    for name, folder in SETS.items():
        asked = list(labelled(folder))
        told: Sequence[Suggestion] = categorizer.suggest([one.row for one in asked])
        found[name] = [Answered(row, one) for row, one in zip(asked, told, strict=True)]
    return found


def report(sets: Mapping[str, Sequence[Answered]], later: Outcome) -> Iterator[str]:
    """The tables, as Markdown."""
    answers = [one for rows in sets.values() for one in rows]
    yield f"{len(answers)} rows of {len(by(answers, _country))} countries.\n"
    yield "| set | difficulty | rows | right | without a category |\n|---|---|---|---|---|"
    for name, rows in sets.items():
        shares = by(rows, _difficulty)
        for difficulty in DIFFICULTIES:
            one = shares[difficulty]
            yield f"| {name} | {difficulty} | {one.all} | {one.percent} | {one.silent} |"
    yield ""
    yield "| set | easy and medium rows | right |\n|---|---|---|"
    for name, rows in sets.items():
        whole = share(_plain(rows))
        yield f"| {name} | {whole.all} | {whole.percent} |"
    yield f"\nThe {DAYS} days after {DAYS} in which households corrected what was wrong:\n"
    yield "| rows | how many | right |\n|---|---|---|"
    yield f"| all | {later.rows} | {_percent(later.right, later.rows)} |"
    yield f"| of payees met before | {later.met} | {_percent(later.met_right, later.met)} |"
    new = later.rows - later.met
    yield f"| of new payees | {new} | {_percent(later.right - later.met_right, new)} |"
    without = _percent(later.right_untaught, later.rows)
    yield f"| all, had nothing been corrected | {later.rows} | {without} |"
    yield f"\nThey made {later.corrections} corrections.\n"
    yield "| country | rows | easy and medium right | all right |\n|---|---|---|---|"
    usual = by(_plain(answers), _country)
    for name, one in by(answers, _country).items():
        yield f"| {name} | {one.all} | {usual[name].percent} | {one.percent} |"
    yield ""
    apart = [*sets["second"], *sets["third"], *sets["fourth"]]
    yield "Of the second, third and fourth set:\n"
    yield "| confidence | suggestions | mean confidence | right |\n|---|---|---|---|"
    for name, count, mean, right in reliability(apart):
        yield f"| {name} | {count} | {mean:.3f} | {right:.3f} |"
    yield ""
    yield "| who answered | rows | right |\n|---|---|---|"
    for name, one in by(apart, lambda one: one.told.source).items():
        yield f"| {name} | {one.all} | {one.percent} |"
    yield ""
    yield "| is | was taken for | rows |\n|---|---|---|"
    for right, told, count in confused(answers)[:_CONFUSED_MAX]:
        yield f"| {right} | {told} | {count} |"


def page(text: str, table: str, begin: str = BEGIN, end: str = END) -> str:
    """The page with what was measured between its marks."""
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n\n{table}\n\n{end}{after}"


def main(arguments: Sequence[str]) -> int:
    tune_collector()  # As the hosts do: what is measured here is what they have.
    categorizer = BuiltIn()
    sets = answered(categorizer)
    table = "\n".join(report(sets, after_corrections(categorizer)))
    print(table)
    rows = [one.asked.row for answers in sets.values() for one in answers]
    fresh = BuiltIn()
    started = time.perf_counter()
    fresh.suggest(rows)
    first = len(rows) / (time.perf_counter() - started)
    many = rows * 50
    started = time.perf_counter()
    fresh.suggest(many)
    again = len(many) / (time.perf_counter() - started)
    print(f"\n{first:,.0f} rows/s never seen before, {again:,.0f} rows/s of known descriptions")
    streams = "\n".join(recurring_report())
    print(f"\n{streams}")
    wrong = 0
    for path, found, begin, end in (
        (PAGE, table, BEGIN, END),
        (BILLS_PAGE, streams, BILLS_BEGIN, BILLS_END),
    ):
        text = path.read_text(encoding="utf-8")
        written = page(text, found, begin, end)
        if "--check" in arguments:
            wrong += written != text
        else:
            path.write_text(written, encoding="utf-8")
    return int(wrong > 0)


def _plain(answers: Sequence[Answered]) -> list[Answered]:
    return [one for one in answers if one.asked.difficulty in ("easy", "medium")]


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def _country(one: Answered) -> str:
    return one.asked.country


def _difficulty(one: Answered) -> str:
    return one.asked.difficulty


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
