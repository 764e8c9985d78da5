-- The trace that a request belongs to, where its caller named one (W3C trace context). The relay
-- sends it with the request's events. It is no part of the history: no hash covers it and nothing
-- is folded from it.
create table log.trace (
    correlation_id uuid primary key,
    ledger_id uuid not null,
    trace_id uuid not null,
    sampled boolean not null
);
grant select, insert on log.trace to mintflow_app;
