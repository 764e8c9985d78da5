"""With DuckDB, and with pandas: spending per month and category from an export.

    mintflow export history && python with_duckdb.py history

`record` is the exact JSON of an event; `->>` looks into it. What was booked is the sum of
differences, as in analytics.py; opening balances are no spending. pandas reads the same folder.
"""

import sys
from pathlib import Path

import duckdb
import pandas as pd

folder = sys.argv[1] if len(sys.argv) == 2 else "."
if not list(Path(folder).glob("events/*.parquet")):
    sys.exit(f"no Parquet export in {folder!r}: give the folder of `mintflow export`")
found = duckdb.sql(
    f"""
    with booked as (
        select record::json -> '$.data.after' as booking, 1 as sign
        from '{folder}/events/*.parquet' where (record::json -> '$.data.after') is not null
        union all
        select record::json -> '$.data.before', -1
        from '{folder}/events/*.parquet' where (record::json -> '$.data.before') is not null
    ), parts as (
        select booking ->> '$.date' as day, booking ->> '$.currency' as currency, sign,
            unnest(from_json(booking -> '$.allocations',
                '[{{"category_id": "VARCHAR", "amount": "DECIMAL(38, 18)"}}]')) as part
        from booked
    )
    select day[:7] as month, part.category_id as category, currency,
        sum(sign * part.amount)::decimal(18, 2) as amount
    from parts where part.category_id not like 'equity.%'
    group by all having amount <> 0 order by all
    """
)
for row in found.fetchall():
    print(*row)

events = pd.read_parquet(f"{folder}/events", columns=["type", "recorded_at"])
print(events["type"].value_counts().head(5).to_string())
