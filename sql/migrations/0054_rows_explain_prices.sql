-- Since method 2 of estimated sales the class of a price leaves out what its row explains, and lots tell listings that were
-- new: what was ranked before is ranked again when it is estimated again, and what is learned from for the next week now.
update snapshots set ranked_seats = null
where ranked_seats is not null;

update sale_departures
set is_stale = true, at_risk = null
where captured_at > now() - interval '8 days' and not is_archived(previous_captured_at);

comment on column listings.price_class is
'class of the price among the seats of the capture when it was stored, relative to comparable ones of its row; 0: the cheapest';
comment on column sale_departures.lots is
'what left, by zone, currency and class (10 more: new in the earlier capture; -1: shrank by a number that can be bought): '
'tickets, squares, value';
