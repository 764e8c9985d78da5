"""Logs: one JSON object per line on stderr, with ids and times; never names or descriptions."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress

import structlog


class _StandardError:
    """Writes lines to whatever standard error is now; one that is closed or full loses the line and
    never the work that it was about."""

    def msg(self, line: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(line + "\n")
            sys.stderr.flush()

    log = debug = info = warn = warning = error = critical = exception = fatal = failure = msg


def configure_logs(level: str) -> None:
    """For the process. The server's and the driver's own loggers speak only of trouble."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=lambda *_: _StandardError(),
        cache_logger_on_first_use=True,
    )
    for noisy in ("uvicorn", "uvicorn.access", "psycopg", "psycopg.pool"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    # While a broker is away they say so a thousand times; what matters is told by `fault`.
    for deafening in ("aiokafka", "faust", "mode"):
        logging.getLogger(deafening).setLevel(logging.CRITICAL)
    # It warns of every form that can not be read, line by line; who sent it gets a 422.
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
    # On ERROR it prints the messages of our own faults, which may quote what was sent; the API
    # logs `request_failed` with the places in the code instead.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
