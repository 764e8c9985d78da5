"""From a command's work to what is printed and the exit code.

0: done. 1: refused, with the reason. 2: wrong usage (typer says it). Commands may name others.
With --json stdout holds one document, also for a refusal: {"error": {code, message, details}}.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar

import orjson
import typer
from rich.console import Console
from rich.text import Text

from mintflow.domain.core.errors import MintFlowError
from mintflow.hosts.session import Refused, Session, open_session

if TYPE_CHECKING:
    from mintflow.hosts.settings import Settings

REFUSED = 1
INTERRUPTED = 130
# A table in a file or a pipe is cut nowhere.
_PIPE_WIDTH = 200

T = TypeVar("T")
# What is being done, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Shell:
    """What every command has: where it prints, and whether it speaks of its progress.

    out: results for people. err: progress, notices and refusals.
    """

    quiet: bool
    out: Console
    err: Console

    def say(self, text: str) -> None:
        """A notice on stderr, for people and logs alike."""
        if not self.quiet:
            self.err.print(Text(text, style="dim"))

    @contextmanager
    def progress(self) -> Iterator[Callable[[str], None]]:
        """Tell what takes time, on a terminal alone; the line goes away at the end."""
        if self.quiet or not self.err.is_terminal:
            yield lambda _: None
            return
        with self.err.status("") as status:
            yield lambda text: status.update(Text(text, style="dim"))

    @contextmanager
    def bar(self) -> Iterator[Progress]:
        """Tell how far long work is, on a terminal alone; safe to call from a thread."""
        if self.quiet or not self.err.is_terminal:
            yield lambda _what, _done, _total: None
            return
        # Imported here: few commands draw a bar.
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as Bars

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Bars(*columns, console=self.err, transient=True) as bars:
            task = bars.add_task("", total=None)

            def tell(what: str, done: int, total: int) -> None:
                bars.update(task, description=what, completed=done, total=total or None)

            yield tell


def shell_of(ctx: typer.Context) -> Shell:
    shell = ctx.find_root().obj
    assert isinstance(shell, Shell)
    return shell


class _Uncut(Console):
    """Lines that a terminal is too narrow for are broken by it, not cut here."""

    def print(self, *objects: Any, **how: Any) -> None:
        super().print(*objects, **{"crop": False, **how})


def make_shell(*, quiet: bool) -> Shell:
    """Consoles that colour on a terminal only, and never when NO_COLOR is set."""
    out, err = _Uncut(highlight=False), Console(stderr=True, highlight=False)
    for console in (out, err):
        if not console.is_terminal:
            console.width = _PIPE_WIDTH
    return Shell(quiet, out, err)


def perform(
    ctx: typer.Context,
    work: Callable[[Session], Awaitable[T]],
    show: Callable[[Console, T], None],
    *,
    data: Path,
    as_json: bool,
    purpose: Literal["read", "write"] = "read",
    exit_code: Callable[[T], int] = lambda _: 0,
) -> None:
    """Run a command's work in a session, print its answer, and end with its exit code.

    The answer is a JSON value: printed as it is with --json, else shown by `show`.
    """
    shell = shell_of(ctx)

    async def with_session() -> T:
        async with session_of(shell, data, purpose) as session:
            return await work(session)

    with refusals(shell, as_json=as_json):
        answer = run(with_session())
    present(shell, answer, show, as_json=as_json, code=exit_code(answer))


def present(
    shell: Shell, answer: T, show: Callable[[Console, T], None], *, as_json: bool, code: int = 0
) -> None:
    """Print an answer and end with its exit code."""
    if as_json:
        print_json(answer)
    else:
        show(shell.out, answer)
    if code:
        raise typer.Exit(code)


@asynccontextmanager
async def session_of(
    shell: Shell, data: Path, purpose: Literal["read", "write"] = "write"
) -> AsyncIterator[Session]:
    """A session whose start is told on the terminal."""
    async with AsyncExitStack() as stack:
        with shell.progress() as tell:
            opening = open_session(data, settings_of_command(), purpose=purpose, tell=tell)
            session = await stack.enter_async_context(opening)
        yield session


def settings_of_command() -> Settings:
    """The environment's settings; a command logs only trouble unless it is told otherwise."""
    from mintflow.hosts.logs import configure_logs
    from mintflow.hosts.settings import PREFIX, Settings

    settings = Settings.from_environment(os.environ)
    if not os.environ.get(f"{PREFIX}LOG_LEVEL"):
        settings = settings.model_copy(update={"log_level": "WARNING"})
    configure_logs(settings.log_level)
    return settings


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, on the quick loop that servers need too; SIGTERM unwinds like Ctrl-C, so that
    a Postgres of ours is stopped."""
    import uvloop

    async def interruptible() -> T:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(interruptible())
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(INTERRUPTED) from None


@contextmanager
def refusals(shell: Shell, *, as_json: bool) -> Iterator[None]:
    """Turn an expected refusal into its message and exit code 1; the machine's own are some too."""
    try:
        yield
    except (MintFlowError, Refused) as refusal:
        refuse(shell, refusal, as_json=as_json)
    except UnicodeEncodeError:
        # Nothing but what was typed can hold what is no text.
        refuse(shell, Refused("not_text", "a word is no UTF-8"), as_json=as_json)
    except OSError as trouble:
        # A pipe that nobody reads any more is no refusal.
        if isinstance(trouble, ConnectionError) or trouble.strerror is None:
            raise
        refuse(shell, _by_the_machine(trouble), as_json=as_json)


def _by_the_machine(trouble: OSError) -> Refused:
    """No right to a folder, a full disk, a path that is too long: with the machine's own word."""
    reason = trouble.strerror or ""
    if not isinstance(trouble.filename, str):
        return Refused("machine_refused", f"the machine refused: {reason}", {"reason": reason})
    details = {"file": trouble.filename, "reason": reason}
    return Refused("file_not_usable", f"{trouble.filename}: {reason}", details)


def refuse(shell: Shell, refusal: MintFlowError | Refused, *, as_json: bool) -> NoReturn:
    """Print why not, and end with exit code 1."""
    if as_json:
        print_json({"error": error_of(refusal)})
    line = Text("Refused: ", style="bold red")
    line.append(refusal.message, style="default not bold")
    line.append(f"  ({refusal.code})", style="dim")
    shell.err.print(line)
    for problem in _problems(refusal.details):
        shell.err.print(Text(f"  {problem}", style="dim"))
    raise typer.Exit(REFUSED)


def error_of(refusal: MintFlowError | Refused) -> dict[str, Any]:
    """The JSON form of a refusal."""
    return {"code": refusal.code, "message": refusal.message, "details": refusal.details or {}}


def print_json(value: Any) -> None:
    """One document on stdout, in UTF-8 whatever the terminal speaks."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE
    try:
        text = orjson.dumps(value, option=options, default=str)
    except orjson.JSONEncodeError:
        text = orjson.dumps(_readable(value), option=options, default=str)
    sys.stdout.flush()
    sys.stdout.buffer.write(text)
    sys.stdout.buffer.flush()


def readable(name: str) -> str:
    """A file's name as text: what is no UTF-8 in it, as in old archives, is shown as such."""
    return os.fsencode(name).decode("utf-8", "replace")


def _readable(value: Any) -> Any:
    """The names in an answer made readable; all else of it is text already."""
    if isinstance(value, dict):
        return {key: _readable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(one) for one in value]
    return readable(value) if isinstance(value, str) else value


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_shown(one) or '-'}" for name, one in value.items())
    return str(value)


def _problems(details: Any) -> Iterator[str]:
    """What the details add to the message, a line each."""
    if isinstance(details, dict):
        for name, value in details.items():
            if name not in ("file", "reason") or not isinstance(value, str):
                yield f"{name}: {_shown(value)}"
    elif isinstance(details, list):
        for one in details:
            where = ".".join(map(str, one.get("where", ())))
            yield f"{where}: {one.get('problem', '')}"
