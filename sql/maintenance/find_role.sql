-- Whether a role exists, and the name of this database. Parameters: role. Rows: 1.
select
  current_database() as database,
  exists(
    select 1
    from pg_roles as r
    where r.rolname = %(role)s
  ) as exists
