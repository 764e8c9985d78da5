"""What evidence takes in an installation, for every host that may sign: one of them does."""

from __future__ import annotations

from pathlib import Path

from mintflow.commands.core.ids import new_id
from mintflow.hosts.audit import Places
from mintflow.hosts.notarizing import Evidence
from mintflow.hosts.settings import Settings
from mintflow.store.evidence.forwarding import Publisher
from mintflow.store.evidence.keyring import Keyring
from mintflow.store.evidence.register import Register


def evidence_of(data_dir: Path, settings: Settings) -> Evidence | None:
    """None where the settings say that this host keeps none.

    Raises KafkaOptionsNotUsable.
    """
    if not settings.evidence:
        return None
    places = Places.of(data_dir, settings)
    return Evidence(
        Keyring(places.signing, new_id()), Register(places.heads), _publishers(settings)
    )


def _publishers(settings: Settings) -> list[Publisher]:
    if settings.kafka is None:
        return []
    # Imported here: a host without Kafka does not load its client.
    from mintflow.hosts.kafka import kafka_target
    from mintflow.streams.core.audit_log import KafkaHeads

    return [KafkaHeads(kafka_target(settings))]
