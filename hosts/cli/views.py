"""How answers look to people: tables with amounts under each other, red for what is owed, bars."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from mintflow.domain.core.money import exact_sum

Row = dict[str, Any]

# Below this width a category takes two lines and a bar is half as long.
WIDE = 104
BAR_CELLS = 16
# Names are broken into lines down to this width, with what stands around them.
NAME_CELLS_MIN = 10
NEEDED_MAX = 1_000
_STATUS = {"ok": ("green", "ok"), "warning": ("yellow", "warning"), "exceeded": ("red", "exceeded")}


def money(text: str | Decimal | None, currency: str = "") -> Text:
    """An amount with all its digits and its sign; below zero it is red."""
    if text is None:
        return Text("-", style="dim")
    amount = Decimal(text)
    shown = Text(f"{amount:,f}", style="red" if amount < 0 else "")
    return shown.append(f" {currency}", style="dim") if currency else shown


class _Whole(Table):
    """A table that is wider than a terminal too narrow for it, which then breaks its lines.

    Made to fit, it would leave out digits of amounts and the names beside them.
    """

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        least = self._extra_width
        for column in self.columns:
            needed = self._measure_column(console, options.update(max_width=NEEDED_MAX), column)
            least += needed.maximum if column.no_wrap else min(needed.maximum, NAME_CELLS_MIN)
        if least > options.max_width:
            options = options.update(width=least)
        return super().__rich_console__(console, options)


def table(title: str, *columns: str) -> Table:
    """A table of ours. A column whose name begins with ">" is set to the right, and never cut."""
    made = _Whole(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for column in columns:
        right = column.startswith(">")
        made.add_column(
            column.lstrip(">"), justify="right" if right else "left", no_wrap=right, overflow="fold"
        )
    return made


def balances(console: Console, accounts: Sequence[Row], title: str = "Balances") -> None:
    """Accounts with their balances, and what they come to per currency."""
    if not accounts:
        console.print(Text("There are no accounts yet.", style="dim"))
        return
    made = table(title, "Account", "Kind", ">Balance", ">Pending", ">Available", "")
    for one in accounts:
        pending = one["pending"] if Decimal(one["pending"]) else None
        made.add_row(
            Text(one["name"]),
            Text(one["kind"].replace("_", " "), style="dim"),
            money(one["balance"]),
            money(pending),
            money(one["available"]),
            Text(one["currency"], style="dim"),
        )
    if len(accounts) > 1:
        made.add_section()
        for currency in sorted({one["currency"] for one in accounts}):
            own = [one for one in accounts if one["currency"] == currency]
            made.add_row(
                Text("Together", style="bold"),
                "",
                money(exact_sum(Decimal(one["balance"]) for one in own)),
                "",
                money(exact_sum(Decimal(one["available"]) for one in own)),
                Text(currency, style="dim"),
            )
    console.print(made)
    for one in accounts:
        _drift(console, one)


def totals(console: Console, rows: Sequence[Row], title: str) -> None:
    """Category totals: what came in, what was spent, and what is left of it, per currency."""
    if not rows:
        console.print(Text(f"{title}: nothing was booked.", style="dim"))
        return
    made = table(title, "Category", ">Amount", ">Rows", "")
    for row in sorted(rows, key=lambda one: (one["currency"], _top_first(one))):
        made.add_row(
            Text(row["category"]),
            _flow(row["amount"]),
            Text(str(row["transactions"]), style="dim"),
            Text(row["currency"], style="dim"),
        )
    made.add_section()
    for currency in sorted({row["currency"] for row in rows}):
        own = [row for row in rows if row["currency"] == currency]
        made.add_row(
            Text("Income less spending", style="bold"),
            money(exact_sum(Decimal(row["amount"]) for row in own)),
            Text(str(sum(row["transactions"] for row in own)), style="dim"),
            Text(currency, style="dim"),
        )
    console.print(made)


def budgets(console: Console, rows: Sequence[Row], title: str) -> None:
    """Budget status with a bar of what is spent."""
    if not rows:
        console.print(Text(f"{title}: no budgets. Set one: mintflow budget set …", style="dim"))
        return
    wide = console.width >= WIDE
    columns = (">Budgeted", ">Carried") if wide else (">To spend",)
    made = table(title, "Budget", *columns, ">Spent", ">Left", "", ">", "")
    for row in rows:
        style, word = _STATUS.get(row["status"], ("", row["status"]))
        budgeted, carried = Decimal(row["budgeted"]), Decimal(row["carried_in"])
        figures = [budgeted, carried or None] if wide else [exact_sum((budgeted, carried))]
        made.add_row(
            category_of(console, row["category"]),
            *map(money, figures),
            money(row["spent"]),
            money(row["remaining"]),
            bar(console, row["ratio"], style),
            Text("" if row["ratio"] is None else f"{Decimal(str(row['ratio'])):.0%}", style=style),
            Text(word, style=style),
        )
    console.print(made)
    for row in rows:
        _budget_notes(console, row)


def _budget_notes(console: Console, row: Row) -> None:
    """Where a budget is heading, and what its figures do not hold."""
    pace = row.get("pace")
    if pace and pace["runs_over_on"]:
        line = Text(f"  {row['category']}: {pace['text']}, ", style="yellow")
        console.print(line.append(f"{Decimal(pace['projected']):,f} by the end"))
    if Decimal(row.get("adjustments") or 0):
        line = Text(f"  {row['category']}: {Decimal(row['adjustments']):,f} came after its end")
        console.print(line)
    for one in row.get("unconverted", ()):
        line = Text(f"  {row['category']}: {Decimal(one['amount']):,f} {one['currency']} ")
        console.print(line.append("is not in it: no rate is known", style="yellow"))


def bar(console: Console, ratio: Any, style: str) -> Text:
    """A bar that is full at 1; beyond it says no more, the figure beside it does."""
    full, empty = ("█", "░") if "utf" in (console.encoding or "").lower() else ("#", ".")
    share = min(max(Decimal(str(ratio or 0)), Decimal(0)), Decimal(1))
    width = BAR_CELLS if console.width >= WIDE else BAR_CELLS // 2
    cells = int((share * width).to_integral_value())
    return Text(full * cells, style=style).append(empty * (width - cells), style="dim")


def category_of(console: Console, path: str, style: str = "") -> Text:
    """A category's path, on a narrow terminal with its last part on a line of its own."""
    top, point, last = path.rpartition(".")
    if point and console.width < WIDE:
        path = f"{top}\n  .{last}"
    return Text(path, style=style)


def imported(console: Console, report: Row) -> None:
    """What became of each file, and what a person should look at."""
    title = "A dry run: nothing was kept" if report["dry_run"] else "Imported"
    made = table(title, "File", "Format", ">Added", ">Known", ">Updated", ">Skipped", "")
    for one in report["files"]:
        error = one["error"]
        made.add_row(
            Text(one["file"]),
            Text(one["format"] or "-", style="dim"),
            *(
                Text(f"{one[name]:,}" if not error else "-")
                for name in ("added", "known", "updated", "skipped")
            ),
            Text("not read", style="red") if error else Text("✓", style="green"),
        )
    console.print(made)
    for one in report["files"]:
        if one["error"]:
            console.print(Text(f"  {_reason(one)}", style="red"))
        for finding in one["findings"]:
            text = f"  {one['file']}: {finding['where']}: {finding['detail']} ({finding['code']})"
            console.print(Text(text, style="yellow"))


def transactions(console: Console, answer: Row, *, ids: bool) -> None:
    """Rows of accounts in the order of the answer. ids: with the id of each row."""
    rows = answer["transactions"]
    if not rows:
        console.print(Text("No transactions.", style="dim"))
        return
    names = answer["accounts"]
    columns = ("Date", "Account", "Description", "Category", ">Amount", "")
    made = table("Transactions", *columns, *(["Id"] if ids else []))
    for row in rows:
        cells = [
            Text(row["date"], no_wrap=True),
            Text(names.get(row["account_id"], ""), style="dim"),
            Text(row["description"]),
            _category(console, row),
            _flow(row["amount"]),
            Text(row["currency"], style="dim"),
        ]
        made.add_row(*cells, *([Text(row["transaction_id"], style="dim")] if ids else []))
    console.print(made)
    if answer["next_cursor"]:
        console.print(Text("There are more: say --limit, or narrow the search.", style="dim"))


def facts(console: Console, pairs: Iterable[tuple[str, str]]) -> None:
    """Names and values under each other."""
    made = Table.grid(padding=(0, 2))
    for name, value in pairs:
        made.add_row(Text(name, style="dim"), Text(value))
    console.print(made)


def _flow(text: str) -> Text:
    """What came in is green; what was spent is no alarm."""
    amount = Decimal(text)
    return Text(f"{amount:,f}", style="green" if amount > 0 else "")


def _category(console: Console, row: Row) -> Text:
    if row["category"] is None:
        return Text(f"split in {len(row['splits'])}", style="cyan")
    style = "dim" if row["category"] == "uncategorized" else "cyan"
    return category_of(console, row["category"], style)


def _top_first(row: Row) -> tuple[bool, Decimal]:
    """Income before spending, the largest first."""
    amount = Decimal(row["amount"])
    return amount < 0, -abs(amount)


def _drift(console: Console, account: Row) -> None:
    reported = account.get("reported")
    if reported and Decimal(reported["drift"]):
        line = Text(f"  {account['name']}: the bank's balance of {reported['date']} is ")
        line.append(money(reported["drift"], account["currency"])).append(" off the books")
        console.print(line)


def _reason(entry: Row) -> str:
    error = entry["error"]
    return f"{error['message']} ({error['code']})"
