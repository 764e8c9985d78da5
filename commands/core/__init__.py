"""The machinery of commands: bus, unit of work, group commit, ports."""
