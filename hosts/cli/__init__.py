"""The command line: `mintflow …`, for people at a terminal and for programs with --json.

Every command that touches books is a client of the API (`hosts/session.py`), so it can do nothing
that the API could not, and works with or without a running host.

    app.py         the list of commands
    options.py     options that many commands share
    shell.py       from a command's work to output and exit code
    views.py       tables, money and bars for people
    lookup.py      ledgers and accounts by the names that people use
    files.py       the import of bank files
    preview.py     what a dry run of several files, or for no account yet, would do
    one file per group of commands
"""

import io
import os
import sys


def main() -> None:
    """Entry point of the `mintflow` program."""
    _have_standard_streams()
    _write_all_of_it()
    # libpq calls every connection of this process by it: `pg_stat_activity` tells whose each is.
    command = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    os.environ.setdefault("PGAPPNAME", f"mintflow {command}".strip())
    # Imported here so that importing the package costs nothing and builds nothing.
    from mintflow.hosts.cli.app import build_app
    from mintflow.hosts.collector import tune_collector

    tune_collector()
    build_app()(prog_name="mintflow")


def _have_standard_streams() -> None:
    """A caller may have closed them: the next socket or file would take the number of one of them.

    Words that a terminal's encoding has no letters for are shown with "?".
    """
    for number, mode in enumerate("rww"):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free is given out, which is this one.
            os.open(os.devnull, os.O_RDWR)
        name = ("stdin", "stdout", "stderr")[number]
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115 - for good
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _write_all_of_it() -> None:
    """Have stdout buffered where PYTHONUNBUFFERED took the buffer away: a pipe may take only a part
    of a write, and without a buffer Python forgets the rest of it. Lines still go out at once."""
    out = sys.stdout
    if out is not None and isinstance(out.buffer, io.RawIOBase):
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(out.buffer), out.encoding, out.errors, line_buffering=True
        )


__all__ = ["main"]
