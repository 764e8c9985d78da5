"""The relay: from the log to Kafka, each shard in order; recorded is what was acknowledged.

`loop` moves messages, `sources` says what is relayed, `leases` who relays which shard, `delivery`
speaks to Kafka, `last` looks at what a topic ends with. Nothing here folds an event.
"""
