"""Commands on insights: dismiss one, show it again."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from mintflow.commands.core.command import NO_NUL, Command
from mintflow.commands.core.unit import Unit
from mintflow.domain.insights.dismissal import Dismissal, InsightNotFound, insight_id_of

_Word = Annotated[str, StringConstraints(min_length=1, max_length=400, pattern=NO_NUL)]


class DismissInsight(Command):
    """about: what the insight is about; the caller has found that there is such a one."""

    about: Annotated[tuple[_Word, ...], Field(min_length=1, max_length=8)]


class ShowInsight(Command):
    """An insight that was dismissed is shown again."""

    about: Annotated[tuple[_Word, ...], Field(min_length=1, max_length=8)]


async def dismiss_insight(command: DismissInsight, unit: Unit) -> dict[str, Any]:
    """It is not shown any more, also when it is found again."""
    insight_id = insight_id_of(unit.ledger_id, command.about)
    known = await unit.find_to_change(Dismissal, insight_id)
    if known is None:
        unit.add(Dismissal.begin(unit.ledger_id, command.about, unit.now))
    else:
        known.dismiss(unit.now)
    return {"insight_id": str(insight_id), "dismissed": True}


async def show_insight(command: ShowInsight, unit: Unit) -> dict[str, Any]:
    """It is shown again, for as long as the books say so. Raises InsightNotFound."""
    insight_id = insight_id_of(unit.ledger_id, command.about)
    known = await unit.change(Dismissal, insight_id, InsightNotFound)
    known.show(unit.now)
    return {"insight_id": str(insight_id), "dismissed": False}


HANDLERS = {DismissInsight: dismiss_insight, ShowInsight: show_insight}
