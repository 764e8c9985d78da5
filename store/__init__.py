"""The append-only log: how events are written, read, sealed and proved. It knows no HTTP."""
