"""A client that asks Kafka about itself, and says why there was no answer.

librdkafka tries a broker that refuses us again and again, as one that is away: what was refused
stands in its reports of trouble alone, and without them both look the same. It knows nothing of
messages.
"""

from __future__ import annotations

import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NoAnswer
from typing import Any, TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from mintflow.domain.core.errors import MintFlowError
from mintflow.streams.core.relay.delivery import ANSWER_S_MAX, KafkaTarget
from mintflow.streams.core.relay.errors import (
    KafkaOptionsRefused,
    KafkaRefusesUs,
    KafkaUnreachable,
)

T = TypeVar("T")

# What its calls raise; give it to `Admin.fault`.
FAULTS = (KafkaException, NoAnswer)

_REFUSED = frozenset(
    {KafkaError._AUTHENTICATION, KafkaError._SSL, KafkaError.SASL_AUTHENTICATION_FAILED}
)
_SAID_MAX = 400
# One broker of several may refuse us alone: so long another one has to answer all the same.
_REFUSED_S_MAX = 1.0
_LOOK_S = 0.05


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

    def answer(self, asked: Future[T], within_s: float = ANSWER_S_MAX) -> T:
        """What a call answers. Raises one of FAULTS, soon where Kafka refuses us: librdkafka would
        go on trying until the time is over."""
        until = time.monotonic() + within_s
        while True:
            try:
                return asked.result(_LOOK_S)
            except NoAnswer:
                now = time.monotonic()
                if asked.done() or now > until:
                    raise
                if self._refusal() is not None:
                    until = min(until, now + _REFUSED_S_MAX)

    def fault(self, fault: BaseException) -> MintFlowError:
        """What a call failed with, as an error of ours."""
        said = self._refusal()
        if said is not None:
            return KafkaRefusesUs(
                "Kafka and we do not accept each other",
                reason=said.name(), said=said.str()[:_SAID_MAX],
            )  # fmt: skip
        error: Any = fault.args[0] if isinstance(fault, KafkaException) else None
        reason = error.name() if error is not None else "_TIMED_OUT"
        return KafkaUnreachable("Kafka does not answer", reason=reason)

    def _refusal(self) -> KafkaError | None:
        # A report comes only when it is asked for.
        self.poll(0.01)
        for said in self._said:
            if said.code() in _REFUSED or "SSL routines" in said.str():
                return said
        return None


def is_unknown(fault: BaseException) -> bool:
    """Whether it says that there is no such topic."""
    return (
        isinstance(fault, KafkaException)
        and fault.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART
    )
