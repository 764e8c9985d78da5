"""Where Kafka is, from the settings, for every process that has to do with it."""

from __future__ import annotations

from pathlib import Path

from mintflow.domain.core.errors import Invalid
from mintflow.hosts.settings import Settings
from mintflow.streams.core.relay.delivery import KafkaTarget


class KafkaNotSet(Invalid):
    """MINTFLOW_KAFKA does not say where Kafka is."""

    code = "kafka_not_set"


class KafkaOptionsNotUsable(Invalid):
    """The file of MINTFLOW_KAFKA_OPTIONS_FILE can not be read; details say which line."""

    code = "kafka_options_not_usable"


def kafka_target(settings: Settings) -> KafkaTarget:
    """Where the topics are. Raises KafkaNotSet, KafkaOptionsNotUsable."""
    if settings.kafka is None:
        raise KafkaNotSet("MINTFLOW_KAFKA says where Kafka is, for example localhost:9092")
    options: dict[str, str] = {}
    if settings.kafka_options_file is not None:
        options = _options(Path(settings.kafka_options_file))
    return KafkaTarget(settings.kafka, settings.kafka_prefix or "", options)


def _options(path: Path) -> dict[str, str]:
    """key=value lines; its values are secrets and never stand in an error."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as trouble:
        raise KafkaOptionsNotUsable(
            "the file of Kafka options can not be read", reason=type(trouble).__name__
        ) from None
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise KafkaOptionsNotUsable("a line is not key=value", line=number)
        found[key.strip()] = value.strip()
    return found
