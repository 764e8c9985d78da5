"""Every setting of a host: name, unit, default, and what raising it costs.

Read once from the environment (`MINTFLOW_` and the name in capitals) and passed down; nothing
else reads the environment. docs/reference/settings.md is compared with this file by a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from mintflow.domain.core.errors import Invalid

PREFIX = "MINTFLOW_"


class SettingNotUsable(Invalid):
    """A setting in the environment can not be used; details say which and why, not its value."""

    code = "setting_not_usable"


class Settings(BaseModel):
    """Frozen; one per process."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database_url: str | None = Field(
        None,
        description="Postgres 15 or newer, as a libpq URL of a role that may create schemas and "
        "roles. Without it the embedded Postgres is run. A server that says nothing any more is "
        "given up after 20 to 25 seconds, unless the URL has libpq's limits of time itself.",
    )
    keys_folder: str | None = Field(
        None,
        description="Folder of the master key and the ledger keys. Without it: `keys` in the data "
        "folder. Keep it off the database's machine and out of its backups.",
    )
    projections: Literal["here", "kafka"] = Field(
        "here",
        description="Where a host's read models are folded: `here`, in its own process, or `kafka`,"
        " by `mintflow worker` processes behind `mintflow relay`.",
    )
    kafka: str | None = Field(
        None,
        pattern=r"^[^\s,/]+:[0-9]+(,[^\s,/]+:[0-9]+)*$",
        description="Kafka's bootstrap servers, `host:port`, more after commas; for `mintflow "
        "relay`, `mintflow worker` and `mintflow topics`.",
    )
    kafka_prefix: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9._-]{0,100}$",
        description="Before the name of every topic, for example `home.`: keeps installations "
        "apart that share a Kafka.",
    )
    kafka_options_file: str | None = Field(
        None,
        description="File of librdkafka settings, `key=value` a line, for TLS and accounts. It "
        "holds secrets: readable by the processes alone.",
    )
    relay_lease_s: float = Field(
        4.0,
        ge=1,
        le=300,
        description="Seconds after which another relay takes over the shards of one that does not "
        "renew them. More bear a longer pause of the process or the database; a takeover takes "
        "longer.",
    )
    redis_url: str | None = Field(
        None,
        pattern=r"^(rediss?|unix)://\S+$",
        description="Redis, which wakes processes when another one has appended or folded. Without "
        "it, or while it is away, they look by themselves, a little later.",
    )
    worker_stall_s: float = Field(
        60.0,
        ge=1,
        le=3_600,
        description="Seconds that the read models of a worker's shards may stand still while Kafka "
        "has more, before the worker ends itself with exit code 75 to be started again.",
    )
    pool_connections_max: int = Field(
        8,
        ge=2,
        le=200,
        description="Connections for queries. More serve more slow queries at once; each costs "
        "about 10 MB in the database server.",
    )
    wait_s_max: float = Field(
        5.0,
        gt=0,
        le=60,
        description="Seconds that a query with `min_position` waits before it answers 503. More "
        "waiting requests hold more memory.",
    )
    replays_max: int = Field(
        4,
        ge=1,
        le=64,
        description="Past moments (`known_at`) and what-ifs that are held at once. Each is a "
        "database session with temporary tables, in up to 64 MB of the server's memory.",
    )
    replay_events_max: int = Field(
        2_000_000,
        ge=1_000,
        le=1_000_000_000,
        description="Events of a ledger that one replay folds. Tens of thousands take a second.",
    )
    replay_rows_max: int = Field(
        4_000_000,
        ge=1_000,
        le=1_000_000_000,
        description="Rows that all replays hold together, on the server's disk; beyond it the one "
        "that was asked for longest ago goes.",
    )
    replay_idle_s: float = Field(
        300.0,
        gt=0,
        le=86_400,
        description="Seconds after which a replay that nobody asks for is dropped.",
    )
    body_bytes_max: int = Field(
        8_388_608,
        ge=1_024,
        le=268_435_456,
        description="Bytes of a JSON body. A batch of 1,000 transactions is about 0.4 MB.",
    )
    upload_bytes_max: int = Field(
        134_217_728,
        ge=1_024,
        le=1_073_741_824,
        description="Bytes of a bank file. Reading one takes about ten times its size in memory.",
    )
    requests_per_s: int = Field(
        5_000,
        ge=1,
        le=1_000_000,
        description="Requests per second that one caller may send for long; callers without a "
        "valid token get a hundredth together, per address.",
    )
    requests_burst: int = Field(
        10_000, ge=1, le=1_000_000, description="Requests that one caller may send at once."
    )
    streams_per_caller_max: int = Field(
        1_000,
        ge=1,
        le=100_000,
        description="Live streams that one caller may have open. Each takes a file descriptor and "
        "about 100 kB.",
    )
    stream_events_max: int = Field(
        1_000,
        ge=1,
        le=1_000_000,
        description="Events that wait for one reader of a live stream before it is sent back to "
        "the log. More hold more memory for readers that are slow.",
    )
    stream_tick_s: float = Field(
        15.0,
        gt=0,
        le=300,
        description="Seconds between the comments that keep a silent stream open. More make it "
        "later that a reader who is gone, or whose token was revoked, is noticed.",
    )
    stream_patience_s: float = Field(
        5.0,
        gt=0,
        le=300,
        description="Seconds that a reader of a live stream may take nothing, while more comes "
        "than waits for it, before its stream is ended with the reason.",
    )
    series_refresh_s: float = Field(
        5.0,
        ge=0.1,
        le=86_400,
        description="Seconds between two refreshes of the series per day, which charts and SQL "
        "read. Less costs a query each time and more work where the same days change often.",
    )
    prices_kept_days: int | None = Field(
        None,
        ge=1,
        le=365_000,
        description="Days after which prices and rates of the series are removed. Without it they "
        "are kept for ever, at about 100 bytes each.",
    )
    evidence: bool = Field(
        True,
        description="Whether this host keeps the Merkle trees of the log and signs their heads. "
        "Costs a few percent of the speed of appending.",
    )
    evidence_folder: str | None = Field(
        None,
        description="Folder of published heads, which only takes new files. Without it: `heads` in "
        "the data folder. Best on another machine's disk, where nobody can remove them.",
    )
    evidence_events: int = Field(
        10_000,
        ge=1,
        le=100_000_000,
        description="Events after which a head is signed at the latest. More: fewer published "
        "files, and a rewritten log is narrowed down less.",
    )
    evidence_s: float = Field(
        30.0,
        gt=0,
        le=86_400,
        description="Seconds after which a new event is under a signed head at the latest.",
    )
    erasure_wait_s: float = Field(
        604_800.0,
        ge=0,
        le=31_536_000,
        description="Seconds between asking for an erasure and carrying it out, in which it can be "
        "called off. More protect longer from a token in wrong hands.",
    )
    learn_from_corrections: bool = Field(
        True,
        description="Whether a category that the user gives makes or changes a learned rule. "
        "Without it rules are only the user's.",
    )
    link_transfers: bool = Field(
        True,
        description="Whether two rows of an import that certainly are one movement are linked by "
        "themselves. Without it they are suggestions.",
    )
    log_level: str = Field(
        "INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="DEBUG, INFO, WARNING or ERROR. INFO writes one line per request.",
    )

    @field_validator("database_url")
    @classmethod
    def _is_patient_for_a_while(cls, url: str | None) -> str | None:
        """With limits of time for a server that says nothing any more, unless it has its own."""
        if url is None:
            return None
        from psycopg import ProgrammingError

        from mintflow.hosts.connections import with_patience

        try:
            return with_patience(url)
        except ProgrammingError:
            raise ValueError("is no URL that libpq understands") from None

    @field_validator("redis_url")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        """What its client refuses later would be a doorbell that nobody hears."""
        if url is None:
            return None
        from redis.asyncio import ConnectionPool

        try:
            pool = ConnectionPool.from_url(url)
            pool.connection_class(**pool.connection_kwargs)
        except (TypeError, ValueError):
            raise ValueError("host, port, database or an option of it can not be used") from None
        return url

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Raises SettingNotUsable, naming each setting that is wrong; never shows a value."""
        given = {
            name: environ[PREFIX + name.upper()]
            for name in cls.model_fields
            if environ.get(PREFIX + name.upper())
        }
        try:
            return cls.model_validate(given)
        except ValidationError as refused:
            wrong = {PREFIX + str(one["loc"][0]).upper(): one["msg"] for one in refused.errors()}
            raise SettingNotUsable(
                f"settings that can not be used: {', '.join(sorted(wrong))}", settings=wrong
            ) from None
