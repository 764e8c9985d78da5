"""The worker processes of a rebuild: started early, handed work, never left behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Self

from mintflow.projections.core.bulk.worker import Job, TooLarge, Unit, WorkFailed
from mintflow.projections.core.processes import Process, started

_WORKER = "mintflow.projections.core.bulk.worker"


class Crew:
    """A context: the processes live inside of it and are gone after it."""

    def __init__(self, jobs: int) -> None:
        self.size = max(1, jobs)
        self._workers: list[Process] = [started(_WORKER) for _ in range(self.size)]
        self._told: set[Connection] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """A worker ends when its pipe does, so all of them are closed before one is waited for."""
        for worker in self._workers:
            worker.pipe.close()
        for worker in self._workers:
            worker.end()

    def fold(
        self, job: Job, units: Sequence[Unit], done: Callable[[int], None]
    ) -> tuple[int, list[Unit]]:
        """Have all units folded, in this order; returns the number of their events, and the units
        that were too large for tables without keys.

        job: the same one each time. done: called with the events so far. Raises what a worker
        failed with.
        """
        left, total, too_large = list(reversed(units)), 0, list[Unit]()
        busy: dict[Connection, Unit] = {}
        for worker in self._workers:
            if left:
                if worker.pipe not in self._told:
                    worker.pipe.send(job)
                    self._told.add(worker.pipe)
                busy[worker.pipe] = left.pop()
                worker.pipe.send(busy[worker.pipe])
        while busy:
            for pipe in wait(list(busy)):
                assert isinstance(pipe, Connection)
                answer, unit = _answer(pipe), busy.pop(pipe)
                if isinstance(answer, TooLarge):
                    too_large.append(unit)
                else:
                    total += answer
                    done(total)
                if left:
                    busy[pipe] = left.pop()
                    pipe.send(busy[pipe])
        return total, too_large


def _answer(pipe: Connection) -> int | TooLarge:
    try:
        answer: int | TooLarge | WorkFailed = pipe.recv()
    except (EOFError, ConnectionResetError):
        raise RuntimeError("a worker of the rebuild ended before its work") from None
    if isinstance(answer, WorkFailed):
        raise answer.kind(answer.message)
    return answer
