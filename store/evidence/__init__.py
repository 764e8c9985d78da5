"""Evidence: a Merkle tree over each shard of the log, signed heads of it, and what proves a part.

    merkle.py     which subtrees prove what; pure
    tiles.py      complete subtrees, kept 256 hashes at a time
    growth.py     reads the log by position and keeps the tiles of what is new
    keyring.py    the keys that sign, and how one vouches for the next
    register.py   the folder of published heads: only new objects, each naming the one before
    notary.py     grows the trees, signs heads, publishes them
    proofs.py     inclusion, consistency, and everything about one event
    bundle.py     one ledger with its proofs, for somebody who trusts nobody
    verifier.py   checks a bundle; uses nothing but itself and a signature library

Appending knows nothing of all this: an event is durable before the notary sees it, and a head
covers it a moment later.
"""
