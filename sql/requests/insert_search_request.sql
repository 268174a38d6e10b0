-- Record how one request of a search ended. Parameters: marketplace, finished_at, is_error (boolean). Rows: none.
insert into search_requests (marketplace, finished_at, is_error)
values (%(marketplace)s, %(finished_at)s, %(is_error)s)
