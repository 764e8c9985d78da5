"""How a bill and a change of its price are shown by several routes."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from mintflow.api.core.documentation import Documented


class BillShown(Documented):
    """amount: signed from the account's side. variable: it is about so much. stream_id: of the
    recurring stream that it was confirmed from. last_day: after it nothing is due."""

    bill_id: UUID
    name: str
    amount: str
    currency: str
    variable: bool
    frequency: str
    remind_days: int
    stream_id: UUID | None
    last_day: dt.date | None


class PriceChangeShown(Documented):
    """since: the day of the first payment at the new price. percent: of the price before."""

    before: str
    after: str
    since: dt.date
    percent: str
    rise: bool
