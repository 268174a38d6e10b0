-- What is wrong with the watchlist now, and how much of it is well. Parameters: this_moment. Rows: one per problem; one per
-- marketplace for its events that are ok, and for those that are over.
select * from watchlist_health(%(this_moment)s)
