"""The table of transactions and how events move it, and the view of their postings.

A voided or absorbed transaction keeps its row with the money facts it had last. Its category is
kept by id, so that renaming a category touches no transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

from mintflow.projections.core.bookings import MONEY_TYPES, Json
from mintflow.projections.core.changes import Changes
from mintflow.projections.core.projection import Projection, array_text, json_text, private, told
from mintflow.projections.core.tables import Column, Index, Table, View
from mintflow.store.mapper import RecordedEvent

TRANSACTIONS = Table(
    "transactions",
    (
        Column("ledger_id", "uuid"),
        Column("transaction_id", "uuid"),
        Column("account_id", "uuid"),
        Column("date", "date"),
        Column("amount", "numeric"),
        Column("currency", "text"),
        Column("status", "text"),
        # In order of the parts; allocations has their amounts, and only where there are several.
        Column("category_ids", "text[]"),
        Column("allocations", "jsonb", null=True),
        Column("category_source", "text"),
        # Why it has its category, where a rule or a suggestion gave it.
        Column("reason", "text"),
        Column("confidence", "numeric", null=True),
        Column("rule_id", "uuid", null=True),
        Column("budgeted", "boolean"),
        Column("description", "text"),
        Column("counterparty", "text"),
        Column("merchant", "text"),
        Column("memo", "text"),
        Column("notes", "text"),
        Column("tags", "text[]"),
        Column("origin", "text"),
        Column("bank_id", "text", null=True),
        Column("external_id", "text", null=True),
        Column("import_id", "uuid", null=True),
        Column("transfer_id", "uuid", null=True),
        Column("matched_with", "uuid", null=True),
        Column("absorbed_by", "uuid", null=True),
        Column("first_seq", "bigint"),
        Column("last_position", "bigint"),
        Column("recorded_at", "timestamptz"),
    ),
    key=("ledger_id", "transaction_id"),
    indexes=(
        Index("transactions_of_account", "ledger_id, account_id, date desc, first_seq desc"),
        Index("transactions_by_date", "ledger_id, date desc, first_seq desc"),
        # The other leg of a transfer is found by its amount.
        Index("transactions_by_amount", "ledger_id, amount, date"),
        Index("transactions_not_budgeted", "ledger_id, date", "not budgeted"),
        Index("transactions_of_rule", "ledger_id, rule_id", "rule_id is not null"),
    ),
    fill=90,
)

# One row per leg; those of a transaction, and of an opening balance, sum to zero. Signs are those
# of assets: money that leaves an account is negative there and positive in its category.
POSTINGS = View(
    "postings",
    """
    with standing as (select * from transactions where status in ('posted', 'pending'))
    select ledger_id, transaction_id, account_id, null::text as category_id, date, amount, currency,
        status
    from standing
    union all
    select ledger_id, transaction_id, null, category_ids[1], date, -amount, currency, status
    from standing where allocations is null
    union all
    select s.ledger_id, s.transaction_id, null, part ->> 'category_id', s.date,
        -(part ->> 'amount')::numeric, s.currency, s.status
    from standing s cross join lateral jsonb_array_elements(s.allocations) as part
    union all
    select a.ledger_id, null, leg.account_id, leg.category_id, a.opening_date,
        leg.sign * a.opening_balance, a.currency, 'posted'
    from accounts a cross join lateral (
        values (a.account_id, null, 1), (null, 'equity.opening_balance', -1)
    ) as leg (account_id, category_id, sign)
    where a.opening_balance is not null
    """,
)

# What budgets leave out, by day and category, signed from the account's side: each budget figure is
# the category's total less these. They are few, so they are found when asked for and not summed up.
NOT_BUDGETED = View(
    "not_budgeted",
    """
    select ledger_id, transaction_id, account_id, date, currency, category_ids[1] as category_id,
        amount
    from transactions where not budgeted and status = 'posted' and allocations is null
    union all
    select t.ledger_id, t.transaction_id, t.account_id, t.date, t.currency,
        part ->> 'category_id', (part ->> 'amount')::numeric
    from transactions t cross join lateral jsonb_array_elements(t.allocations) as part
    where not t.budgeted and t.status = 'posted' and t.allocations is not null
    """,
    # As `recorded`, `budgeted` and `restored` say it; what never was left out is of no use here.
    mark=b'"budgeted":false',
)

_TRANSACTION_MONEY = frozenset(topic for topic in MONEY_TYPES if topic.startswith("transaction."))
_UNMONEYED = frozenset(
    {
        "transaction.tagged",
        "transaction.noted",
        "transaction.merchant_named",
        "transaction.budgeted",
    }
)


def fold(batch: Sequence[RecordedEvent], changes: Changes) -> None:
    # The events of one command have one time; putting it into text costs as much as the rest.
    at, at_text = None, ""
    for event in batch:
        topic = event.type
        if topic == "transaction.recorded":
            if event.recorded_at != at:
                at, at_text = event.recorded_at, event.recorded_at.isoformat()
            changes.insert(TRANSACTIONS, _row(event, at_text))
        elif topic in _TRANSACTION_MONEY or topic in _UNMONEYED:
            columns: dict[str, str | None] = {"last_position": str(event.position)}
            if topic in _TRANSACTION_MONEY and event.data["after"] is not None:
                columns |= _money(event.data["after"])
            columns |= _facts(event)
            key = (event.envelope["ledger_id"], event.envelope["stream_id"])
            changes.patch(TRANSACTIONS, key, columns)


def _row(event: RecordedEvent, recorded_at: str) -> list[str | None]:
    envelope, data, sealed = event.envelope, event.data, private(event)
    booking = data["after"]
    category_ids, allocations = _categories(booking)
    return [
        envelope["ledger_id"],
        envelope["stream_id"],
        booking["account_id"],
        booking["date"],
        booking["amount"],
        booking["currency"],
        booking["status"],
        category_ids,
        allocations,
        data["category_source"],
        sealed.get("reason", ""),
        data["confidence"],
        data["rule_id"],
        "true" if data["budgeted"] else "false",
        sealed.get("description", ""),
        sealed.get("counterparty", ""),
        sealed.get("merchant", ""),
        sealed.get("memo", ""),
        sealed.get("notes", ""),
        # Of an older version these three stand in the open.
        array_text(sealed.get("tags") or data.get("tags", ())),
        data["origin"],
        sealed.get("bank_id") or data.get("bank_id"),
        sealed.get("external_id") or data.get("external_id"),
        data["import_id"],
        None,
        None,
        None,
        str(event.ledger_seq),
        str(event.position),
        recorded_at,
    ]


def _categories(booking: Json) -> tuple[str, str | None]:
    """category_ids and allocations."""
    parts = booking["allocations"]
    if len(parts) == 1:
        return '{"' + parts[0]["category_id"] + '"}', None
    return array_text([part["category_id"] for part in parts]), json_text(parts)


def _money(booking: Json) -> dict[str, str | None]:
    category_ids, allocations = _categories(booking)
    return {
        "account_id": booking["account_id"],
        "date": booking["date"],
        "amount": booking["amount"],
        "currency": booking["currency"],
        "status": booking["status"],
        "category_ids": category_ids,
        "allocations": allocations,
    }


def _facts(event: RecordedEvent) -> dict[str, str | None]:
    """What an event changes beside the money."""
    data = event.data
    match event.type:
        case "transaction.posted":
            bank_id = told(event, "bank_id")
            return {"bank_id": bank_id} if bank_id else {}
        case "transaction.amended":
            sealed = private(event)
            return {name: sealed.get(name, "") for name in ("description", "counterparty", "memo")}
        case "transaction.categorized" | "transaction.split":
            return {
                "category_source": data["source"],
                # An older version had it in the open.
                "reason": private(event).get("reason") or data.get("reason", ""),
                "confidence": data["confidence"],
                "rule_id": data["rule_id"],
            }
        case "transaction.tagged":
            return {"tags": array_text(told(event, "after", ()))}
        case "transaction.noted":
            return {"notes": private(event).get("notes", "")}
        case "transaction.merchant_named":
            return {"merchant": private(event).get("merchant", "")}
        case "transaction.budgeted":
            return {"budgeted": "true" if data["budgeted"] else "false"}
        case "transaction.matched":
            return {"matched_with": data["imported_id"]}
        case "transaction.unmatched":
            return {"matched_with": None}
        case "transaction.absorbed":
            return {"status": "absorbed", "absorbed_by": data["absorbed_by"]}
        case "transaction.released":
            return {"absorbed_by": None}
        case "transaction.linked":
            return {"transfer_id": data["transfer_id"]}
        case "transaction.unlinked":
            return {"transfer_id": None}
        case "transaction.voided" | "transaction.taken_back":
            return {"status": "voided"}
        case "transaction.restored":
            sealed = private(event)
            names = ("description", "counterparty", "memo", "notes", "merchant", "reason")
            return {
                **{name: sealed.get(name, "") for name in names},
                "tags": array_text(told(event, "tags", ())),
                "category_source": data["category_source"],
                "confidence": data["confidence"],
                "rule_id": data["rule_id"],
                "budgeted": "true" if data["budgeted"] else "false",
            }
    return {}


PROJECTION = Projection(
    "transactions",
    2,
    (TRANSACTIONS,),
    fold,
    (POSTINGS, NOT_BUDGETED),
    topics=("transaction.recorded", *sorted(_TRANSACTION_MONEY | _UNMONEYED)),
)
