"""Logs: one JSON object per line on stderr, with ids and times; never names or descriptions."""

from __future__ import annotations

import logging
import sys

import structlog


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
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    for noisy in ("uvicorn", "uvicorn.access", "psycopg", "psycopg.pool"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    # On ERROR it prints the messages of our own faults, which may quote what was sent; the API
    # logs `request_failed` with the places in the code instead.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
