"""The parts of posted transactions, each spending, income or neither: what every figure of
spending sums, so that all of them treat a refund alike.

A part in a category of kind expense is spending, and a refund there lowers it; one in a category of
kind income is income, and what is paid back lowers it. What is uncategorized is spending where
money goes out and income where it comes in, for nothing more is known of it. Transfers between own
accounts and opening balances are neither. Whether budgets count a transaction changes nothing here.
"""

from __future__ import annotations

# Each row is one part of one transaction in one of the spans. spent and earned: one of them is
# null. spans: SQL of rows (span, first, last). Leans on transactions_by_date.
PARTS = """
    select s.span, t.transaction_id, t.date, t.account_id, t.currency, t.merchant, t.counterparty,
        t.description, t.tags, p.category_id, p.amount,
        t.allocations is null as single,
        case
            when k.kind = 'expense' or (coalesce(k.kind, 'uncategorized') = 'uncategorized'
                and p.amount < 0) then -p.amount
        end as spent,
        case
            when k.kind = 'income' or (coalesce(k.kind, 'uncategorized') = 'uncategorized'
                and p.amount >= 0) then p.amount
        end as earned,
        coalesce(k.path, p.category_id) as category
    from ({spans}) s (span, first, last)
    join transactions t on t.ledger_id = %(ledger_id)s and t.status = 'posted'
        and t.date between s.first and s.last
        and (%(as_of)s::date is null or t.date <= %(as_of)s)
    cross join lateral (
        select t.category_ids[1] as category_id, t.amount where t.allocations is null
        union all
        select part ->> 'category_id', (part ->> 'amount')::numeric
        from jsonb_array_elements(t.allocations) as part
    ) p
    left join categories k on k.ledger_id = %(ledger_id)s and k.category_id = p.category_id
    where coalesce(k.kind, '') not in ('transfer', 'equity')
"""

# How many transactions some parts are of. Only one that is split can come twice, and to look for
# those among all others would be half of the work of a year.
TRANSACTIONS = """(count(*) filter (where p.single) + (
    select count(distinct split) from unnest(
        array_agg(p.transaction_id) filter (where not p.single)) as split
))"""

THREE_SPANS = """
    values ('now', %(first)s::date, %(last)s::date),
        ('previous', %(previous_first)s::date, %(previous_last)s::date),
        ('year_ago', %(year_ago_first)s::date, %(year_ago_last)s::date)
"""
ONE_SPAN = "values ('now', %(first)s::date, %(last)s::date)"
