"""Settings of the embedded server that follow the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from mintflow.hosts.postgres.tuning import memory_bytes, tuned

GB = 1024**3


@pytest.mark.parametrize(
    ("memory", "buffers"),
    [(GB // 2, "128MB"), (GB, "128MB"), (2 * GB, "256MB"), (8 * GB, "1024MB"), (64 * GB, "1024MB")],
)
def test_buffers_are_an_eighth_of_the_memory_within_bounds(memory: int, buffers: str) -> None:
    assert tuned(18, memory)["shared_buffers"] == buffers


def test_says_nothing_of_reading_to_a_server_that_does_not_know_the_setting() -> None:
    assert tuned(18)["io_method"] == "sync"
    assert "io_method" not in tuned(17)


def _machine(root: Path, groups: str, limits: dict[str, str]) -> Path:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    for path, limit in limits.items():
        place = root / "sys/fs/cgroup" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"{limit}\n")
    return root


@pytest.mark.parametrize(
    ("groups", "limits"),
    [
        # A container with a view of its own.
        ("0::/\n", {"memory.max": "64000000"}),
        # The path of the machine, of which the container sees only its own part.
        ("0::/system.slice/books.scope\n", {"memory.max": "64000000"}),
        # A service whose slice has the limit.
        (
            "0::/a.slice/b.service\n",
            {"a.slice/memory.max": "64000000", "a.slice/b.service/memory.max": "max"},
        ),
        (
            "5:cpu,memory:/books\n1:name=systemd:/\n",
            {"memory/books/memory.limit_in_bytes": "64000000"},
        ),
    ],
)
def test_a_limit_of_a_container_counts_as_its_memory(
    tmp_path: Path, groups: str, limits: dict[str, str]
) -> None:
    assert memory_bytes(_machine(tmp_path, groups, limits)) == 64_000_000


@pytest.mark.parametrize(
    ("groups", "limits"),
    [
        ("0::/\n", {"memory.max": "max"}),
        ("0::/\n", {}),
        # Of an older kernel: a number beyond all memory.
        ("5:memory:/\n", {"memory/memory.limit_in_bytes": "9223372036854771712"}),
    ],
)
def test_without_a_limit_it_is_that_of_the_machine(
    tmp_path: Path, groups: str, limits: dict[str, str]
) -> None:
    whole = memory_bytes(tmp_path / "nothing")
    assert whole > 64_000_000
    assert memory_bytes(_machine(tmp_path, groups, limits)) == whole
