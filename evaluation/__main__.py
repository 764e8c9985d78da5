"""make eval: measure the categorizer and the recurring streams, and write it into their pages.

python -m evaluation            print, and write docs/reference/categorizer.md and bills.md
python -m evaluation --check    print; exit 1 if the page says something else
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from evaluation.measure import DIFFICULTIES, Answered, by, confused, reliability, share
from evaluation.recurring.report import BEGIN as BILLS_BEGIN
from evaluation.recurring.report import END as BILLS_END
from evaluation.recurring.report import PAGE as BILLS_PAGE
from evaluation.recurring.report import report as recurring_report
from evaluation.rows import labelled
from mintflow.ml.builtin import BuiltIn
from mintflow.ml.categorize import Suggestion

PAGE = Path(__file__).parents[1] / "docs/reference/categorizer.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def answered(categorizer: BuiltIn) -> list[Answered]:
    """Every labelled row with what is suggested for it."""
    asked = list(labelled())
    told: Sequence[Suggestion] = categorizer.suggest([one.row for one in asked])
    return [Answered(row, one) for row, one in zip(asked, told, strict=True)]


def report(answers: Sequence[Answered]) -> Iterator[str]:
    """The tables, as Markdown."""
    yield f"{len(answers)} rows of {len(by(answers, _country))} countries.\n"
    yield "| difficulty | rows | right | without a category |\n|---|---|---|---|"
    shares = by(answers, _difficulty)
    for name in DIFFICULTIES:
        one = shares[name]
        yield f"| {name} | {one.all} | {one.percent} | {one.silent} |"
    yield ""
    yield "| country | rows | easy and medium right | all right |\n|---|---|---|---|"
    plain = [one for one in answers if one.asked.difficulty in ("easy", "medium")]
    usual = by(plain, _country)
    for name, one in by(answers, _country).items():
        yield f"| {name} | {one.all} | {usual[name].percent} | {one.percent} |"
    whole = share(plain)
    yield f"| all | {len(answers)} | {whole.percent} | {share(answers).percent} |"
    yield ""
    yield "| confidence | suggestions | mean confidence | right |\n|---|---|---|---|"
    for name, count, mean, right in reliability(answers):
        yield f"| {name} | {count} | {mean:.3f} | {right:.3f} |"
    yield ""
    yield "| who answered | rows | right |\n|---|---|---|"
    for name, one in by(answers, lambda one: one.told.source).items():
        yield f"| {name} | {one.all} | {one.percent} |"
    yield ""
    yield "| is | was taken for | rows |\n|---|---|---|"
    for right, told, count in confused(answers):
        yield f"| {right} | {told} | {count} |"


def page(text: str, table: str, begin: str = BEGIN, end: str = END) -> str:
    """The page with what was measured between its marks."""
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n\n{table}\n\n{end}{after}"


def main(arguments: Sequence[str]) -> int:
    categorizer = BuiltIn()
    answers = answered(categorizer)
    table = "\n".join(report(answers))
    print(table)
    rows = [one.asked.row for one in answers]
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


def _country(one: Answered) -> str:
    return one.asked.country


def _difficulty(one: Answered) -> str:
    return one.asked.difficulty


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
