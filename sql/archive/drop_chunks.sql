-- On TimescaleDB, drop the chunks of `listings` that lie wholly within a span; their disk is free at once. Elsewhere nothing.
-- Parameters: starts_from, starts_until. Idempotent. Rows: one per chunk.
select drop_archived_chunks(%(starts_from)s, %(starts_until)s) as chunk
