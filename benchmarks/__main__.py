"""Run benchmarks: `python -m benchmarks [NAME …] [--data DIR] [--json] [--quick]`.

Without a name all run, one after another, and the figures are kept in benchmarks/results/ with
machine and date. Without --data an embedded Postgres is started for the run, with durable commits
as in production; with it, the server of that data folder is used (a running host's, or one that is
started on the folder), in databases of their own that are dropped afterwards.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import uvloop

from benchmarks import (
    append,
    evidence,
    exporting,
    growth,
    household,
    http,
    importing,
    known_at,
    query,
    rebuild,
    relaying,
    sse,
    verifying,
    visible,
    working,
)
from benchmarks.setting import machine
from mintflow.hosts.collector import tune_collector
from mintflow.hosts.logs import configure_logs
from mintflow.hosts.postgres import EmbeddedPostgres

RESULTS = Path(__file__).parent / "results"
Bench = Callable[[str], Awaitable[dict[str, Any]]]

BENCHES: dict[str, Bench] = {
    "append": append.run,
    "import": importing.run,
    "rebuild": rebuild.run,
    "visible": visible.run,
    "query": query.run,
    "http": http.run,
    "known_at": known_at.run,
    "growth": growth.run,
    "export": exporting.run,
    "relay": relaying.run,
    "sse": sse.run,
    "household": household.run,
    "verify": verifying.run,
    "evidence": evidence.run,
    "worker": working.run,
    "visible_kafka": working.visible,
}
# With less data, to see that they run: the figures mean little.
QUICK: dict[str, Bench] = {
    "append": lambda url: append.run(url, 0.5),
    "verify": lambda url: verifying.run(url, 20_000),
    "evidence": lambda url: evidence.run(url, 1, 1, 20_000, 50, 1_000),
    "import": lambda url: importing.run(url, 5_000),
    "rebuild": lambda url: rebuild.run(url, 20_000),
    "visible": lambda url: visible.run(url, 2),
    "query": lambda url: query.run(url, 20_000, 1),
    "http": lambda url: http.run(url, 1),
    "known_at": lambda url: known_at.run(url, 1_000, 3),
    "export": lambda url: exporting.run(url, 10_000),
    "relay": lambda url: relaying.run(url, 5_000),
    "sse": lambda url: sse.run(url, 1, 50),
    "growth": lambda url: growth.run(url, (5_000, 10_000), 1),
    "household": lambda url: household.run(url, 2_000),
    "worker": lambda url: working.run(url, 5_000),
    "visible_kafka": lambda url: working.visible(url, 2),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}")
    parser.add_argument("--data", type=Path, help="use the Postgres of this data folder")
    parser.add_argument("--json", action="store_true", help="one JSON document and nothing else")
    parser.add_argument("--quick", action="store_true", help="less data, to see that they run")
    asked = parser.parse_args()
    unknown = sorted(set(asked.names) - set(BENCHES))
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    names = asked.names or list(BENCHES)
    tune_collector()
    configure_logs("ERROR")
    results: dict[str, Any] = {}
    with server(asked.data) as url:
        for name in names:
            print(f"{name} …", file=sys.stderr, flush=True)
            results[name] = uvloop.run((QUICK if asked.quick else BENCHES)[name](url))
            if not asked.json:
                print(json.dumps({name: results[name]}, indent=2), flush=True)
    document = {"machine": machine(), **(results[names[0]] if len(names) == 1 else results)}
    if asked.json:
        sys.stdout.buffer.write(orjson.dumps(document) + b"\n")
    if not asked.names and not asked.quick:
        path = RESULTS / f"{machine()['date']}.json"
        path.write_text(json.dumps({"machine": machine(), **results}, indent=2) + "\n")
        print(f"kept in {path.relative_to(Path.cwd())}", file=sys.stderr)
    return 0


@contextmanager
def server(data: Path | None) -> Iterator[str]:
    """The superuser's URL of a Postgres with durable commits."""
    if data is not None and (data / "api.json").exists():
        yield str(orjson.loads((data / "api.json").read_bytes())["database_url"])
        return
    with tempfile.TemporaryDirectory(prefix="mintflow-bench-") as folder:
        postgres = EmbeddedPostgres(data or Path(folder) / "data")
        try:
            yield postgres.start()
        finally:
            postgres.stop()


if __name__ == "__main__":
    sys.exit(main())
