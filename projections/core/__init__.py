"""What every projection shares: tables, changes, the applier, checkpoints, rebuilds."""
