"""Whether the topics are still the ones that a relay began with.

A producer does not see that a topic was deleted and made again: it goes on in the new one, which
then begins with whatever was new, and nobody misses what was before. So Kafka is asked all the
time, and a relay that hears of another topic begins anew and fills it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from mintflow.domain.core.errors import MintFlowError
from mintflow.domain.core.ids import SHARDS
from mintflow.streams.core.background import cut_off
from mintflow.streams.core.relay.asking import Admin
from mintflow.streams.core.relay.delivery import KafkaTarget
from mintflow.streams.core.relay.errors import TopicMadeAnew, TopicsNotReady
from mintflow.streams.core.relay.last import topic_ids

WATCH_S = 1.0


@asynccontextmanager
async def watching(
    target: KafkaTarget, ids: Mapping[str, str]
) -> AsyncIterator[Callable[[], None]]:
    """Gives what raises TopicMadeAnew, TopicsNotReady once that was seen.

    ids: topic (without prefix) -> the id that it had.
    """
    seen: list[MintFlowError] = []

    def check() -> None:
        if seen:
            raise seen[0]

    async def watch() -> None:
        admin = await asyncio.to_thread(Admin, target)
        while not seen:
            await asyncio.sleep(WATCH_S)
            try:
                now = await asyncio.to_thread(topic_ids, target, list(ids), SHARDS, admin)
            except TopicsNotReady as missing:
                seen.append(missing)
            except MintFlowError:
                continue  # that Kafka does not answer is told by what waits for it
            else:
                if other := sorted(target.topic(name) for name in ids if now[name] != ids[name]):
                    seen.append(TopicMadeAnew("topics were made anew meanwhile", topics=other))

    task = asyncio.create_task(watch(), name="relay_watches_topics")
    try:
        yield check
    finally:
        await cut_off(task)
