-- Estimated sales as a question, by any bucket.
create function estimated_sales(
  p_event_id bigint, p_from timestamptz, p_until timestamptz, p_bucket interval default '1 hour', p_zone text default '*',
  p_marketplace text default null, p_timezone text default null
)
returns table (
  marketplace text, bucket_at timestamptz, tickets numeric, low_tickets numeric, high_tickets numeric, value numeric,
  currency text, hours_covered numeric, polling_interval interval
)
language sql stable parallel safe
begin atomic
  select
    x.marketplace, x.bucket_at, x.tickets, sales_bound(x.tickets, x.variance, x.error, -1),
    sales_bound(x.tickets, x.variance, x.error, 1), x.value, x.currency, x.hours_covered, x.polling_interval
  from (
    -- Hours of the whole event say what is covered: a zone has no row where nothing left it.
    select
      s.marketplace, bucket_start(s.hour_at, p_bucket, coalesce(p_timezone, e.timezone), null) as bucket_at,
      coalesce(sum(z.tickets), 0) as tickets, coalesce(sum(z.variance), 0) as variance, coalesce(sum(z.error), 0) as error,
      case
        when count(distinct z.currency) <= 1 and count(z.value) = count(z.hour_at) then coalesce(sum(z.value), 0)
      end as value,
      case when count(distinct z.currency) = 1 then min(z.currency) end as currency,
      round(sum(s.covered_seconds) / 3600.0, 2) as hours_covered,
      make_interval(secs => round(sum(s.polling_seconds * s.covered_seconds) / sum(s.covered_seconds))::double precision)
        as polling_interval
    from estimated_sales as s
    inner join events as e on e.event_id = s.event_id
    left join estimated_sales as z
      on z.event_id = s.event_id and z.marketplace = s.marketplace and z.hour_at = s.hour_at and z.zone = p_zone
    where
      s.event_id = p_event_id and s.zone = '*' and s.hour_at >= p_from and s.hour_at < p_until
      and (p_marketplace is null or s.marketplace = p_marketplace)
    group by s.marketplace, 2
  ) as x
  order by x.marketplace, x.bucket_at;
end;
comment on function estimated_sales is
'estimated sales, there or elsewhere, of the tickets that are listed on a marketplace, by buckets of the venue''s clock: expected '
'tickets, their 80 % interval, value at the last seen prices, '
'and what it rests on: hours covered by comparable captures and the mean time between them; a bucket without any has no row';
