-- What statements about changed rules of admission begin with: the captures that other rules judged, and the new verdicts.

create function captures_to_judge(p_sources jsonb, p_from timestamptz, p_until timestamptz)
returns table (event_id bigint, marketplace text, captured_at timestamptz)
language sql stable
begin atomic
  select s.event_id, s.marketplace, s.captured_at
  from jsonb_to_recordset(p_sources) as r (event_id bigint, marketplace text, fingerprint text)
  inner join snapshots as s on s.event_id = r.event_id and s.marketplace = r.marketplace
  where s.captured_at >= p_from and s.captured_at < p_until and s.admission_rules is distinct from r.fingerprint;
end;
comment on function captures_to_judge is
'captures of a span that were judged by other rules than those of now: p_sources is an array of event_id, marketplace and fingerprint';

create function admission_verdicts(p_verdicts jsonb)
returns table (
  event_id bigint, marketplace text, section text, "row" text, zone text, notes text, admission text
)
language sql immutable
begin atomic
  select v.event_id, v.marketplace, v.section, v."row", v.zone, v.notes, v.admission
  from jsonb_to_recordset(p_verdicts)
    as v (event_id bigint, marketplace text, section text, "row" text, zone text, notes text, admission text);
end;
comment on function admission_verdicts is
'what listings of these texts are by the rules of now; a text is empty where the listing has none';
