-- Comments on every table and column that has none, for BI tools: first the words that mean the same in every table.
do $$
declare
  one record;
begin
  for one in
    with words (column_name, words) as (
      values
      ('event_id', 'events.event_id: ours, the same on every marketplace'),
      ('marketplace', 'stubhub, vivid_seats, ticketmaster or vivenu'),
      ('external_id', 'the id of the event on that marketplace'),
      ('captured_at', 'when the response arrived'),
      ('previous_captured_at', 'the trusted capture before, which captured_at is compared with'),
      ('currency', 'ISO 4217'),
      ('fee_basis', 'all_in (what the buyer pays) or ask (before buyer fees): never compare across them'),
      ('zone', 'the marketplace''s, else the venue map''s, else the section; *: the whole event'),
      ('timezone', 'IANA name'),
      ('listing_id', 'the marketplace''s id of the listing'),
      ('section', 'as the marketplace writes it'),
      ('row', 'as the marketplace writes it; null: none'),
      ('rule_id', 'alert_rules.rule_id'),
      ('position', 'in the order of the source; the first is 0'),
      ('cells', 'as the user wrote them, by column'),
      ('reasons', 'every reason, in words'),
      ('row_number', 'of the sheet or file, with the header as 1'),
      ('body', 'the response as it came, compressed as encoding says'),
      ('encoding', 'of body: zstd'),
      ('original_bytes', 'length of the body before compression'),
      ('payload_hash', 'of the body as it came'),
      ('stored_at', 'when the row was written'),
      ('read_at', 'when it was last read from vivenu'),
      ('created_at', 'when it came to be'),
      ('updated_at', 'when it was last changed'),
      ('first_seen_at', 'when it was first read'),
      ('last_seen_at', 'when it was last read'),
      ('reckoned_at', 'when the row was computed'),
      ('built_at', 'when the row was computed'),
      ('tickets', 'how many'),
      ('listings', 'for sale in the last capture; 0 where the zone is sold out'),
      ('snapshots', 'coverage: trusted captures'),
      ('suspect_snapshots', 'coverage: captures that were left out'),
      ('failed_attempts', 'coverage: attempts without a usable response'),
      ('min_listings', 'least of all captures'),
      ('mean_listings', 'mean of all captures'),
      ('max_listings', 'most of all captures'),
      ('min_tickets', 'least of all captures'),
      ('mean_tickets', 'mean of all captures'),
      ('max_tickets', 'most of all captures'),
      ('peak_tickets', 'most of all captures'),
      ('sum_tickets', 'over the captures, so that any longer mean is exact'),
      ('floor_price', 'lowest price with at least three listings within 15 %; null: none'),
      ('low_floor_price', 'lowest floor of all captures'),
      ('high_floor_price', 'highest floor of all captures'),
      ('p25_price', 'lower quartile, linear between two prices'),
      ('median_price', 'median, linear between two prices'),
      ('p75_price', 'upper quartile, linear between two prices'),
      ('open_price', 'get-in price for one, first capture'),
      ('high_price', 'get-in price for one, highest of all captures'),
      ('low_price', 'get-in price for one, lowest of all captures'),
      ('close_price', 'get-in price for one, last capture'),
      ('min_price', 'lowest price of any listing'),
      ('mean_price', 'sum_price / observations: a listing in three captures counts three times'),
      ('max_price', 'highest price of any listing'),
      ('sum_price', 'over all observations, so that any longer mean is exact'),
      ('observations', 'listings of all captures together'),
      ('hours_covered', 'of the 24 hours'),
      ('first_captured_at', 'first trusted capture of the hour'),
      ('last_captured_at', 'last trusted capture of the hour'),
      ('hour_at', 'start of the hour'),
      ('state', 'where it stands'),
      ('since_at', 'from when on it is so'),
      ('value', 'what was measured'),
      ('reference', 'what the value was compared with'),
      ('reference_at', 'moment of the reference'),
      ('lease_id', 'who holds the row'),
      ('leased_until', 'until when; then another one may take it'),
      ('hits', 'look-ups that needed no request'),
      ('misses', 'look-ups that sent a request'),
      ('stale', 'look-ups that used an old response because there was no new one'),
      ('name', 'as its source writes it'),
      ('venue', 'as its source writes it'),
      ('city', 'as its source writes it'),
      ('country', 'as its source writes it'),
      ('capacity', 'tickets in all; null: unknown'),
      ('budget_window', 'length of the window; 0: requests in flight'),
      ('applies_to', 'everybody, or polling alone'),
      ('ticket_id', 'vivenu''s id of the ticket'),
      ('ticket_type_id', 'vivenu''s id of the ticket type'),
      ('transaction_id', 'vivenu''s id of the transaction'),
      ('coupon_id', 'vivenu''s id of the coupon'),
      ('revenue', 'after discounts, of tickets sold and still held'),
      ('section_pattern', 'a section, * for any text'),
      ('admission', 'seat, grounds, parking or extra')
    ),
    numbers (column_name, words) as (
      select
        format('get_in_%s_price', n),
        format('lowest price per ticket of a listing that sells %s together, last capture', n)
      from generate_series(1, 8) as n
    ),
    own (table_name, column_name, words) as (
      values
      ('alert_deliveries', 'delivery_id', 'identity'),
      ('alert_deliveries', 'alert_event_ids', 'what the message is about'),
      ('alert_deliveries', 'title', 'of the message'),
      ('alert_deliveries', 'body', 'of the message, Markdown'),
      ('alert_deliveries', 'quiet_hours', 'as the rule has them; null: none'),
      ('alert_deliveries', 'timezone', 'of quiet_hours: the event''s'),
      ('alert_deliveries', 'state', 'queued, sent or dead'),
      ('alert_deliveries', 'attempts', 'so far'),
      ('alert_deliveries', 'next_attempt_at', 'when a queued message is tried'),
      ('alert_deliveries', 'error', 'of the last attempt, without addresses'),
      ('alert_deliveries', 'ended_at', 'when it was sent, or given up'),
      ('alert_events', 'alert_event_id', 'identity'),
      ('alert_events', 'kind', 'fired or resolved'),
      ('alert_events', 'is_muted', 'nobody was to be told'),
      ('alert_events', 'summary', 'in words'),
      ('alert_events', 'zone', '*: the whole event'),
      ('alert_rules', 'rule_id', 'identity'),
      ('alert_rules', 'position', 'in the order of the source'),
      ('alert_rules', 'is_current', 'still among the rules'),
      ('alert_rules', 'changed_at', 'when its definition last changed'),
      ('alert_states', 'state', 'normal, pending, firing, recovering or no data'),
      ('alert_states', 'streak', 'captures in a row that say the same'),
      ('alert_states', 'fired_at', 'when it last fired'),
      ('alert_states', 'deviation', 'standard deviation, where the reference is a mean'),
      ('alert_states', 'extreme', 'lowest or highest value so far, for rules of new lows and highs'),
      ('alert_states', 'muted_until', 'nobody is told until then'),
      ('alert_states', 'is_muted_until_resolved', 'nobody is told until it is over'),
      ('admission_rules', 'position', 'the first rule that matches counts'),
      ('admission_rules', 'venue', 'of the rule; null: every venue'),
      ('breaker_state', 'state', 'closed, open or half_open'),
      ('breaker_state', 'reason', 'why it opened, in words'),
      ('breaker_state', 'opened_at', 'when it opened'),
      ('breaker_state', 'open_until', 'no request before'),
      ('breaker_state', 'consecutive_failures', 'in a row'),
      ('breaker_state', 'consecutive_openings', 'without a success between'),
      ('breaker_state', 'next_request_at', 'earliest moment of the next permit'),
      ('breaker_state', 'next_departure_at', 'when the next request may leave'),
      ('cache_uses', 'used_on', 'UTC day'),
      ('cached_responses', 'cache_key', 'the request without its secrets'),
      ('data_origin', 'is_only', 'always true: there is one row'),
      ('data_origin', 'is_simulated', 'all data are those of simulated marketplaces'),
      ('data_origin', 'noted_at', 'at the first poll'),
      ('data_origin', 'past_until', 'where the demo''s past ends; null: it has none'),
      ('estimated_sales', 'high_tickets', 'upper end of the 80 % interval'),
      ('estimated_sales', 'currency', 'of revenue; null: several'),
      ('event_sources', 'is_current', 'false: the sheet has another id now'),
      ('event_sources', 'replaced_at', 'when another id took its place'),
      ('events', 'event_id', 'identity'),
      ('events', 'timezone_source', 'where the timezone is from: column, city, country or default'),
      ('events', 'event_at', 'event_date as an instant'),
      ('events', 'is_tracked', 'on the watchlist'),
      ('events', 'sheet_row', 'at the last sync; null: not in the sheet'),
      ('events', 'untracked_at', 'when it left the watchlist'),
      ('fetch_attempts', 'attempt_id', 'identity'),
      ('fetch_attempts', 'started_at', 'first request'),
      ('fetch_attempts', 'finished_at', 'last response, or when it was given up'),
      ('fetch_attempts', 'outcome', 'how it ended (docs/operations.md)'),
      ('fetch_attempts', 'status', 'HTTP status of the last response; null: none came'),
      ('fetch_attempts', 'tries', 'requests'),
      ('fetch_attempts', 'latency_seconds', 'of the last response'),
      ('fetch_attempts', 'bytes', 'of the body'),
      ('fetch_attempts', 'listings', 'accepted; null: no capture'),
      ('fetch_attempts', 'rejected', 'listings that are no market price'),
      ('fetch_attempts', 'error', 'in words; null where it succeeded'),
      ('fetch_attempts', 'run_id', 'of Dagster; null: from the command line'),
      ('listing_changes', 'new_price', 'per ticket at captured_at; null: removed'),
      ('listing_changes', 'old_quantity', 'at previous_captured_at; null: listed'),
      ('listing_changes', 'new_quantity', 'at captured_at; null: removed'),
      ('listings', 'zone', 'the marketplace''s; null: it has none'),
      ('listings', 'quantity', 'tickets'),
      ('listings', 'splits', 'quantities that can be bought; null: unknown'),
      ('listings', 'ask_price', 'per ticket before buyer fees; null: unknown'),
      ('listings', 'all_in_price', 'per ticket, what the buyer pays; null: unknown'),
      ('listings', 'net_proceeds', 'per ticket, what the seller gets; null: unknown'),
      ('listings', 'price', 'all_in_price, else ask_price'),
      ('listings', 'is_general_admission', 'no numbered seats'),
      ('listings', 'is_speculative', 'the seller does not hold the tickets yet'),
      ('poll_schedule', 'next_due_at', 'when it is polled next'),
      ('poll_schedule', 'poll_interval', 'by the time to the event, or the sheet''s own'),
      ('poll_schedule', 'jitter_factor', 'of the interval'),
      ('poll_schedule', 'consecutive_failures', 'in a row: the back-off follows them'),
      ('poll_schedule', 'last_attempt_at', 'whatever its outcome'),
      ('poll_schedule', 'last_outcome', 'of the last attempt'),
      ('poll_schedule', 'last_error', 'in words; null where it succeeded'),
      ('rejected_listings', 'raw', 'the listing as received, JSON'),
      ('rejected_listings', 'position', 'in the response; beyond received: excluded later'),
      ('request_budget', 'max_requests', 'in any budget_window'),
      ('request_slots', 'slot', 'number of the slot'),
      ('request_slots', 'busy_until', 'free after it'),
      ('request_slots', 'permit_id', 'of the request that has it'),
      ('sale_departures', 'new_removed', 'of new_at_risk, gone at captured_at'),
      ('sale_rates', 'block_at', 'start of six hours'),
      ('schema_migrations', 'name', 'file without its ending'),
      ('schema_migrations', 'checksum', 'SHA-256 of its text'),
      ('schema_migrations', 'applied_at', 'when'),
      ('search_requests', 'request_id', 'identity'),
      ('search_requests', 'finished_at', 'when it ended'),
      ('search_requests', 'is_error', 'it ended in an error'),
      ('snapshots', 'received', 'listings in the response: accepted + rejected'),
      ('snapshots', 'accepted', 'rows in listings'),
      ('snapshots', 'rejected', 'rows in rejected_listings'),
      ('snapshots', 'tickets', 'of seats'),
      ('snapshots', 'currency', 'null: none, or several'),
      ('snapshots', 'fee_basis', 'null: none, or both'),
      ('stale_prices', 'grain', 'hour or day'),
      ('stale_prices', 'starts_at', 'of the window that waits for a rebuild'),
      ('stale_prices', 'marked_at', 'since when it waits'),
      ('ticketmaster_events', 'status', 'onsale, offsale, cancelled, postponed or rescheduled'),
      ('ticketmaster_events', 'local_time', 'at the venue; null: to be announced'),
      ('ticketmaster_events', 'event_at', 'the instant; null while date or time are to be announced'),
      ('ticketmaster_events', 'is_date_open', 'the date is to be announced'),
      ('ticketmaster_events', 'is_time_open', 'the time is to be announced'),
      ('ticketmaster_events', 'on_sale_at', 'start of the public sale'),
      ('ticketmaster_events', 'url', 'its public page'),
      ('ticketmaster_events', 'is_test', 'an event of Ticketmaster''s own tests'),
      ('ticketmaster_price_ranges', 'price_type', 'standard, resale …'),
      ('ticketmaster_price_ranges', 'min_price', 'as published, mostly without fees'),
      ('ticketmaster_price_ranges', 'max_price', 'as published, mostly without fees'),
      ('venue_zones', 'position', 'the first pattern that matches counts'),
      ('venue_zones', 'zone', 'of sections that match'),
      ('vivenu_age_groups', 'age_group', 'on the day of the event'),
      ('vivenu_age_groups', 'gender', 'female, male, diverse, undisclosed or unknown'),
      ('vivenu_age_groups', 'tickets', 'sold'),
      ('vivenu_coupons', 'code', 'as buyers type it'),
      ('vivenu_coupons', 'series_id', 'vivenu''s id of its series'),
      ('vivenu_coupons', 'is_active', 'may be used'),
      ('vivenu_coupons', 'discount_type', 'as vivenu has it'),
      ('vivenu_coupons', 'discount_value', 'by discount_type'),
      ('vivenu_coupons', 'valid_from', 'null: from the beginning'),
      ('vivenu_coupons', 'valid_until', 'null: without an end'),
      ('vivenu_coupons', 'max_usage', 'null: without a limit'),
      ('vivenu_coupons', 'used', 'vivenu''s own count'),
      ('vivenu_coupons', 'revenue', 'of transactions that used this coupon alone'),
      ('vivenu_coupons', 'discount', 'of transactions that used this coupon alone'),
      ('vivenu_coupons', 'shared_transactions', 'that used several coupons'),
      ('vivenu_coupons', 'is_listed', 'vivenu still lists it'),
      ('vivenu_events', 'starts_at', 'of the event'),
      ('vivenu_events', 'ends_at', 'of the event'),
      ('vivenu_events', 'event_type', 'as vivenu has it'),
      ('vivenu_events', 'root_id', 'of the series that it belongs to; null: none'),
      ('vivenu_events', 'gender_slug', 'the question that asks for gender; null: none'),
      ('vivenu_events', 'age_slug', 'the question that asks for age or birth date; null: none'),
      ('vivenu_events', 'problems', 'to look at, in words'),
      ('vivenu_gender', 'gender', 'that the answer means: female, male, diverse, undisclosed or unknown'),
      ('vivenu_gender', 'tickets', 'sold'),
      ('vivenu_reads', 'high_water_at', 'up to when changes were read'),
      ('vivenu_reads', 'is_full', 'everything was read, not only changes'),
      ('vivenu_reads', 'unreadable', 'objects that could not be read'),
      ('vivenu_rejects', 'reason', 'in words, without any value'),
      ('vivenu_sales_daily', 'channel', 'where it was sold'),
      ('vivenu_sales_daily', 'regular_value', 'before discounts'),
      ('vivenu_sales_daily', 'invalidated_value', 'of tickets that became invalid that day'),
      ('vivenu_sales_daily', 'sold_to_date', 'of the ticket type'),
      ('vivenu_sales_daily', 'capacity', 'of the ticket type; null: unknown'),
      ('vivenu_summary', 'event_on', 'day at the venue'),
      ('vivenu_summary', 'sold', 'tickets sold and still held'),
      ('vivenu_summary', 'sold_share', 'of capacity'),
      ('vivenu_summary', 'invalidated', 'tickets that became invalid'),
      ('vivenu_summary', 'coupon_tickets', 'bought with a coupon'),
      ('vivenu_summary', 'coupon_share', 'of the sold tickets'),
      ('vivenu_summary', 'revenue_with_coupon', 'part of revenue'),
      ('vivenu_summary', 'revenue_without_coupon', 'part of revenue'),
      ('vivenu_summary', 'age_mix', 'tickets by age group'),
      ('vivenu_summary', 'gender_mix', 'tickets by gender'),
      ('vivenu_summary', 'earlier_events', 'that pace compares with'),
      ('vivenu_summary', 'earlier_sold_share', 'mean of theirs as long before the start'),
      ('vivenu_ticket_statuses', 'status', 'it was seen in'),
      ('vivenu_ticket_statuses', 'since_at', 'when that was first seen or said'),
      ('vivenu_ticket_statuses', 'seen_at', 'when it was read'),
      ('vivenu_ticket_types', 'category', 'as the organiser named it'),
      ('vivenu_ticket_types', 'price', 'before discounts'),
      ('vivenu_ticket_types', 'is_active', 'on sale'),
      ('vivenu_tickets', 'ticket_name', 'of its type'),
      ('vivenu_tickets', 'status_since', 'when it got its status'),
      ('vivenu_tickets', 'regular_price', 'before discounts'),
      ('vivenu_tickets', 'real_price', 'after discounts'),
      ('vivenu_tickets', 'channel', 'where it was sold'),
      ('vivenu_tickets', 'age_years', 'of its holder on the day of the event; null: unknown'),
      ('watchlist_syncs', 'sync_id', 'identity'),
      ('watchlist_syncs', 'synced_at', 'when'),
      ('watchlist_syncs', 'source', 'the sheet or file'),
      ('watchlist_syncs', 'rows_read', 'without the header'),
      ('watchlist_syncs', 'added', 'new events'),
      ('watchlist_syncs', 'changed', 'events whose row differs'),
      ('watchlist_syncs', 'untracked', 'events that left'),
      ('watchlist_syncs', 'rejected', 'rows that could not be used')
    )
    select
      c.oid::regclass as table_name, a.attname as column_name, coalesce(own.words, numbers.words, words.words) as words
    from pg_class as c
    inner join pg_attribute as a on c.oid = a.attrelid and a.attnum > 0 and not a.attisdropped
    left join own on c.relname = own.table_name and a.attname = own.column_name
    left join numbers on a.attname = numbers.column_name
    left join words on a.attname = words.column_name
    where
      c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'
      and col_description(c.oid, a.attnum) is null
      and coalesce(own.words, numbers.words, words.words) is not null
  loop
    execute format('comment on column %s.%I is %L', one.table_name, one.column_name, one.words);
  end loop;
end
$$;

comment on table breaker_state is 'one row per marketplace: whether requests are sent, and why not';
comment on table cache_uses is 'one row per marketplace and UTC day: look-ups of cached responses';
comment on table cached_responses is 'one row per request whose response is used again (Ticketmaster''s, for 30 minutes)';
comment on table daily_prices is 'one row per event, marketplace, zone, currency, fee basis and UTC day, from the hours';
comment on table event_sources is 'one row per marketplace and its id of an event: the partition keys';
comment on table events is 'one row per event of the watchlist, followed or not any more';
comment on table fetch_attempts is 'one row per attempt at an event, and how it ended: the record of coverage';
comment on table listings is 'one row per listing and capture; bound captured_at in queries';
comment on table poll_schedule is 'one row per event and marketplace: when it is due, and who polls it';
comment on table raw_payloads is 'the body of each capture as it came, for RAW_PAYLOAD_DAYS';
comment on table rejected_listings is 'one row per listing that is no market price, with every reason';
comment on table rejected_rows is 'one row per row of the sheet that could not be used at the last sync';
comment on table request_budget is 'one row per limit: at most max_requests in any budget_window';
comment on table request_slots is 'one row per request of a budget: free once busy_until is past';
comment on table schema_migrations is 'one row per applied migration';
comment on table search_requests is 'one row per request of a search';
comment on table stale_prices is 'one row per window of prices that waits for a rebuild';
comment on table ticketmaster_events is 'one row per capture of an event as Ticketmaster describes it';
comment on table ticketmaster_payloads is 'the body of each capture, as in raw_payloads';
comment on table ticketmaster_price_ranges is 'one row per published price range of a capture';
comment on table venue_zones is 'the venue map: one row per venue and section pattern';
comment on table vivenu_age_groups is 'one row per event, age group and gender: sold tickets';
comment on table vivenu_coupon_uses is 'one row per transaction and coupon it used';
comment on table vivenu_coupons is 'one row per coupon, with the terms of its series';
comment on table vivenu_events is 'one row per event of the organiser';
comment on table vivenu_gender is 'one row per event and answer as given, with the gender that it means';
comment on table vivenu_reads is 'one row per event (and one for transactions): up to when it was read';
comment on table vivenu_sales_daily is 'one row per event, ticket type, day at the venue, channel and currency';
comment on table vivenu_summary is 'one row per event of the organiser: how it sells';
comment on table vivenu_ticket_types is 'one row per ticket type of an event';
comment on table vivenu_tickets is 'one row per ticket, without personal data of its holder';
comment on table watchlist_syncs is 'one row per sync of the watchlist';
comment on function exchange_permits is 'asks the budgets of a marketplace for permits, and gives back used ones';
comment on function has_listings is 'whether a marketplace has listings, and so prices';
comment on function timescaledb_edition is 'none (plain PostgreSQL), apache (hypertables) or timescale (compression, too)';
