-- Every table of a ledger's data can be distributed by its ledger: the key of traces begins with it.
alter table log.trace drop constraint trace_pkey, add primary key (ledger_id, correlation_id);
