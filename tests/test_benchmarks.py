"""Benchmarks still run: those that look into a worker, and those that start servers, in a row."""

from __future__ import annotations

import subprocess
import sys

import orjson
import pytest

NAMES = ["query", "http", "worker", "visible_kafka"]


@pytest.mark.slow
def test_benchmarks_run_one_after_the_other() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *NAMES, "--quick", "--json"],
        capture_output=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    found = orjson.loads(done.stdout)
    assert found.keys() == {"machine", *NAMES}
    assert found["http"]["ratio"] > 0
    assert found["worker"]["share_of_plain"] > 0
    # Every stage was seen, so what is watched is still called by these names.
    stages = found["visible_kafka"]["stages"]
    assert all(one["p50_ms"] is not None for one in stages.values()), stages
