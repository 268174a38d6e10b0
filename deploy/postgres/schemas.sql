-- Run once by the database's image, in a new database: where Dagster's own tables go. Ours: ticket-pipeline init-db.
create schema if not exists dagster;
