"""Why a relay does not go on, each with what an operator has to do."""

from __future__ import annotations

from mintflow.domain.core.errors import Conflict, Invalid, Unavailable


class TopicsNotReady(Unavailable):
    """Topics are missing or have too few partitions: run `mintflow topics apply`."""

    code = "topics_not_ready"


class KafkaUnreachable(Unavailable):
    """Kafka does not answer, or did not take a message."""

    code = "kafka_unreachable"


class KafkaRefusesUs(Unavailable):
    """Kafka's certificate is not one that is trusted here, or ours, or our account, is not accepted
    there: see the file of MINTFLOW_KAFKA_OPTIONS_FILE."""

    code = "kafka_refuses_us"


class KafkaOptionsRefused(Invalid):
    """librdkafka does not take the options of MINTFLOW_KAFKA_OPTIONS_FILE, or a file that they name
    can not be read."""

    code = "kafka_options_refused"


class LogHasAGap(Conflict):
    """A position of the log is missing, and nothing behind it is relayed: run
    `mintflow audit verify`."""

    code = "log_has_a_gap"


class TopicIsAhead(Conflict):
    """A partition ends with events that the log does not have: it was fed from another database,
    or this one was restored to an earlier state. Relay to new topics (another prefix)."""

    code = "topic_is_ahead"


class TopicOfAnotherLog(Conflict):
    """A partition ends with an event that is another one in this log. Relay to new topics."""

    code = "topic_of_another_log"


class TopicMadeAnew(Unavailable):
    """A topic was deleted and made again while a relay ran; it begins anew by itself, and fills
    it."""

    code = "topic_made_anew"


class TopicBeginsLate(Conflict):
    """A partition from which nothing was taken does not have the beginning of the history: it was
    made anew while a relay went on. Stop the relays, delete the topic, run `mintflow topics apply`,
    start the relays."""

    code = "topic_begins_late"


class MessageTooLarge(Conflict):
    """An event is larger than Kafka takes; the shard waits rather than leave it out."""

    code = "message_too_large"
