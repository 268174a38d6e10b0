"""PostgreSQL and TimescaleDB: pool, migrations, the statements of `sql/`, COPY, the embedded server.

It knows no HTTP.
"""
