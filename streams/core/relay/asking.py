"""A client that asks Kafka about itself, and says why there was no answer.

librdkafka tries a broker that refuses us again and again, as one that is away: what was refused
stands in its reports of trouble alone, and without them both look the same. It knows nothing of
messages.
"""

from __future__ import annotations

from concurrent.futures import TimeoutError as NoAnswer
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from mintflow.domain.core.errors import MintFlowError
from mintflow.streams.core.relay.delivery import KafkaTarget
from mintflow.streams.core.relay.errors import (
    KafkaOptionsRefused,
    KafkaRefusesUs,
    KafkaUnreachable,
)

# What its calls raise; give it to `Admin.fault`.
FAULTS = (KafkaException, NoAnswer)

_REFUSED = frozenset(
    {KafkaError._AUTHENTICATION, KafkaError._SSL, KafkaError.SASL_AUTHENTICATION_FAILED}
)
_SAID_MAX = 400


class Admin(AdminClient):
    """For one thread. Raises KafkaOptionsRefused when it is made."""

    def __init__(self, target: KafkaTarget) -> None:
        self._said: list[KafkaError] = []
        try:
            super().__init__(target.client(error_cb=self._said.append))
        except KafkaException as fault:
            raise KafkaOptionsRefused(
                "these options for Kafka can not be used", said=fault.args[0].str()[:_SAID_MAX]
            ) from None

    def fault(self, fault: BaseException) -> MintFlowError:
        """What a call failed with, as an error of ours."""
        # A report comes only when it is asked for.
        self.poll(0.01)
        for said in self._said:
            if said.code() in _REFUSED or "SSL routines" in said.str():
                return KafkaRefusesUs(
                    "Kafka and we do not accept each other",
                    reason=said.name(), said=said.str()[:_SAID_MAX],
                )  # fmt: skip
        error: Any = fault.args[0] if isinstance(fault, KafkaException) else None
        reason = error.name() if error is not None else "_TIMED_OUT"
        return KafkaUnreachable("Kafka does not answer", reason=reason)


def is_unknown(fault: BaseException) -> bool:
    """Whether it says that there is no such topic."""
    return (
        isinstance(fault, KafkaException)
        and fault.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART
    )
