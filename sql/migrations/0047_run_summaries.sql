-- What each run did, in figures: Dagster keeps when and whether, this keeps how much and how long.
create table run_summaries (
  run_id text primary key,
  job_name text not null,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  events integer not null,
  failed_events integer not null,
  requests integer not null,
  listings bigint not null,
  stage_seconds jsonb not null,
  cpu_seconds double precision not null,
  peak_memory_bytes bigint not null
);
create index run_summaries_finished on run_summaries using brin (finished_at);
comment on table run_summaries is 'one row per run of Dagster that used the database, written when it ends; none where it was killed';
comment on column run_summaries.run_id is 'of Dagster';
comment on column run_summaries.job_name is 'of Dagster; __ASSET_JOB: assets launched by hand';
comment on column run_summaries.started_at is 'when its resources were ready';
comment on column run_summaries.finished_at is 'when its last step had ended';
comment on column run_summaries.events is 'that were tried';
comment on column run_summaries.failed_events is 'of these, without a usable response';
comment on column run_summaries.requests is 'that were sent for them';
comment on column run_summaries.listings is 'that were stored';
comment on column run_summaries.stage_seconds is 'stage → seconds; stages run beside each other, so their sum may exceed the run';
comment on column run_summaries.cpu_seconds is 'of its process';
comment on column run_summaries.peak_memory_bytes is 'most memory of its process';
