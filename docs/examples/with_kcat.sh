#!/bin/sh
# With kcat: every event from the first on, one line each, until the present end.
#   with_kcat.sh localhost:9092 [PREFIX]
# %h are the headers (CloudEvents), %s is the exact stored record.
exec kcat -C -b "$1" -t "${2:-}ledger.events" -o beginning -e -q -f '%p %o %h %s\n'
