"""Faust as the host of the projections on Kafka.

received.py    what is kept of a record: the row of the log that it was made from
transport.py   whole batches to the agents, and read positions that are the database's
app.py         the application with the settings that were measured
follower.py    what an agent does with a batch: apply, wait out every fault, never raise
lanes.py       several followers of an agent, each with shards of its own
credentials.py from the relay's options to Faust's
offsets.py     from where each partition is read again, kept beside the checkpoints
worker.py      one process: the application, its followers, and what is known of them
"""
