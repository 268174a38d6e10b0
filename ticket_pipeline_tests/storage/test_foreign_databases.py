"""Databases that are not ours alone: what is set per connection, what is rejected in words, and what is left alone."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from ticket_pipeline.errors import ConfigurationError, StorageError, StorageUnavailable
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.connect import database_url
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.migrations import apply_migrations, missing_migrations
from ticket_pipeline_tests.end_to_end.programs import wait_until
from ticket_pipeline_tests.servers import choose

SPECIAL = st.text(st.sampled_from("@:/?#[]%, &=ab1é"), min_size=1, max_size=12)


def read(url: str) -> dict[str, object]:
    """What libpq makes of DATABASE_URL, where the settings accept it."""
    return dict(conninfo_to_dict(database_url(Settings(database_url=SecretStr(url)))))


@given(user=SPECIAL, password=SPECIAL, name=SPECIAL)
def test_a_url_is_read_as_it_was_meant_or_rejected(user: str, password: str, name: str) -> None:
    escaped = "postgresql://{}:{}@127.0.0.1:5432/{}".format(*(quote(text, safe="") for text in (user, password, name)))
    found = read(escaped)
    assert (found["user"], found["password"], found["dbname"]) == (user, password, name)
    with suppress(ConfigurationError):
        found = read(f"postgresql://odd:{password}@127.0.0.1/lim")
        assert (found["user"], found["host"], found["dbname"]) == ("odd", "127.0.0.1", "lim")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://odd:hunter@SecretTail99@127.0.0.1/lim",
        "postgresql://odd:se/cretTail99@127.0.0.1/lim",
        "postgresql://odd:12/SecretTail99@127.0.0.1:5432/lim",
        "postgresql://odd@corp:SecretTail99@127.0.0.1/lim",
        "postgresql://odd:SecretTail99@127.0.0.1/li@m/x",
        "postgres://odd:Secret[Tail99@127.0.0.1/lim",
        "postgresql:///lim?host=odd:SecretTail99@127.0.0.1",
        "host=odd:SecretTail99@127.0.0.1 dbname=lim",
    ],
)
def test_a_password_that_is_not_escaped_is_neither_shown_nor_looked_up(url: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a database URL such as") as caught:
        read(url)
    assert "Tail99" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p%40%2F%3A@db.example.com:6432/name?sslmode=require&application_name=a/b@c",
        "postgresql://u@[2001:db8::1]:5432/name",
        "postgresql://u:p@one:5432,two:5433/name?target_session_attrs=read-write",
        "postgresql:///name?host=/run/postgresql",
        "postgresql://%2Frun%2Fpostgresql/name",
        "host=db.example.com dbname=name password='p@ss/word'",
        "host=@abstract dbname=name",
    ],
)
def test_every_form_of_address_that_libpq_has_is_accepted(url: str) -> None:
    assert read(url)["dbname"] == "name"


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_every_name_is_rejected_first(database_url: str, encoding: str) -> None:
    other = f"{conninfo_to_dict(database_url)['dbname']}_{encoding.lower()}"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"create database {other} encoding '{encoding}' locale 'C' template template0".encode())
        try:
            with pytest.raises(StorageError, match=f"has the encoding {encoding}.*create database"):
                apply_migrations(make_conninfo(database_url, dbname=other))
        finally:
            connection.execute(f"drop database {other} (force)".encode())


def test_a_role_that_may_not_create_needs_no_right_where_nothing_is_to_do(database_url: str) -> None:
    name = conninfo_to_dict(database_url)["dbname"]
    role = f"reader_of_{name}"
    apply_migrations(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"create role {role} login".encode())
        try:
            connection.execute(f"revoke create on database {name} from public".encode())
            connection.execute(f"grant usage on schema tickets to {role}".encode())
            connection.execute(f"grant select on all tables in schema tickets to {role}".encode())
            assert apply_migrations(make_conninfo(database_url, user=role)) == []
        finally:
            connection.execute(f"drop owned by {role}".encode())
            connection.execute(f"drop role {role}".encode())


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("revoke connect on database {name} from public", "permission denied for database.*Check the user, password"),
        ("alter role {role} nologin", "is not permitted to log in.*Check the user, password and database"),
        ("alter role {role} connection limit 0", "too many connections for role.*Raise the server's max_connections"),
        ("alter database {name} allow_connections false", "not currently accepting connections"),
    ],
)
def test_a_server_that_lets_nobody_in_is_not_asked_whether_it_runs(
    database_url: str, statement: str, words: str
) -> None:
    name = conninfo_to_dict(database_url)["dbname"]
    role = f"stranger_of_{name}"
    with psycopg.connect(make_conninfo(database_url, dbname="postgres"), autocommit=True) as connection:
        connection.execute(f"create role {role} login".encode())
        try:
            connection.execute(statement.format(name=name, role=role).encode())
            with pytest.raises(StorageUnavailable, match=words) as caught:
                apply_migrations(make_conninfo(database_url, user=role))
        finally:
            connection.execute(f"drop role {role}".encode())
    assert "Is the server running" not in str(caught.value)


@pytest.mark.parametrize(
    "statement",
    [
        "revoke create on database {name} from public",
        "create schema tickets; grant usage on schema tickets to public",
        "create schema tickets authorization pg_read_all_data",
    ],
)
def test_a_role_that_lacks_a_right_learns_whom_to_ask(database_url: str, statement: str) -> None:
    name = conninfo_to_dict(database_url)["dbname"]
    role = f"guest_of_{name}"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"create role {role} login".encode())
        try:
            connection.execute(statement.format(name=name).encode())
            with pytest.raises(StorageError, match=r"permission denied for .*Ask the database's administrator"):
                apply_migrations(make_conninfo(database_url, user=role))
        finally:
            connection.execute(f"drop role {role}".encode())


@pytest.mark.parametrize(
    "statement",
    [
        "create table tickets.schema_migrations (version text)",
        "create table tickets.schema_migrations (version bigint primary key, dirty boolean)",
        "create view tickets.schema_migrations as select 1 as id",
    ],
)
def test_a_schema_of_another_program_is_rejected_in_words(database_url: str, statement: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("create schema tickets")
        connection.execute(statement.encode())
    for ask in (apply_migrations, missing_migrations):
        with pytest.raises(StorageError, match=r"belongs to another program.*Set DB_SCHEMA"):
            ask(database_url)


@pytest.mark.parametrize("limit", ["statement_timeout", "lock_timeout"])
def test_migrations_run_without_the_limits_of_their_role(database_url: str, limit: str) -> None:
    name = conninfo_to_dict(database_url)["dbname"]
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "create function look_at_limit() returns event_trigger language plpgsql as $$ begin "
            f"if current_setting('{limit}') <> '0' then raise 'it is limited'; end if; end $$".encode()
        )
        connection.execute("create event trigger look on ddl_command_start execute function look_at_limit()")
        connection.execute(f"alter database {name} set {limit} to '1min'".encode())
    assert apply_migrations(database_url)


def test_a_role_that_is_serializable_may_migrate(database_url: str) -> None:
    name = conninfo_to_dict(database_url)["dbname"]
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"alter database {name} set default_transaction_isolation to 'serializable'".encode())
    assert apply_migrations(database_url)


def test_timescaledb_in_another_schema_is_rejected_first(database_url: str) -> None:
    if not choose(os.environ).is_timescaledb:
        pytest.skip("this server has no TimescaleDB")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("create schema theirs")
        connection.execute("create extension timescaledb schema theirs")
    with pytest.raises(StorageError, match=r"TimescaleDB is in the schema theirs.*used in public only"):
        apply_migrations(database_url)


def test_a_table_of_another_program_that_has_our_name_is_left_alone(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("create table public.schema_migrations (version text)")
        connection.execute("insert into public.schema_migrations values ('20260101')")
        assert missing_migrations(database_url)
        assert apply_migrations(database_url)
        assert missing_migrations(database_url) == []
        assert connection.execute("select version from public.schema_migrations").fetchall() == [("20260101",)]


@pytest.mark.parametrize(
    ("statement", "remedy"),
    [
        ("set lock_timeout to '10ms'; lock table events in access exclusive mode", "Another session holds a lock"),
        ("set statement_timeout to '10ms'; select pg_sleep(5)", "longer than the server or role allows"),
        ("do $$ begin raise sqlstate '53100' using message = 'disk full'; end $$", "Free space on the server's disk"),
        ("do $$ begin raise sqlstate '53300' using message = 'too many'; end $$", "max_connections"),
    ],
)
def test_a_server_that_runs_and_refuses_is_not_asked_whether_it_runs(
    database: Database, statement: str, remedy: str
) -> None:
    with database.transaction() as holder:
        holder.connection.execute("lock table events in access exclusive mode")
        with (
            pytest.raises(StorageUnavailable, match=f"the server refused it.*{remedy}") as caught,
            database.transaction("try it") as transaction,
        ):
            transaction.connection.execute(statement.encode())
    assert "Is the server running" not in str(caught.value)


@contextmanager
def pgbouncer(url: str, mode: str) -> Iterator[str]:
    """A real PgBouncer before a database; yields the URL that leads through it."""
    server = conninfo_to_dict(url)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    through = f"postgresql://{server['user']}@127.0.0.1:{port}/{server['dbname']}"
    owner = pwd.getpwuid(Path(str(server["host"])).stat().st_uid).pw_name
    # It does not run as root, and pytest's own folders belong to root.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        file = Path(folder) / "pgbouncer.ini"
        file.write_text(
            f"[databases]\n{server['dbname']} = host={server['host']} port={server['port']} user={server['user']}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\npool_mode = {mode}\n"
            "unix_socket_dir =\n",
            encoding="utf-8",
        )
        command = ["pgbouncer", "-q", *(["-u", owner] if os.geteuid() == 0 else []), str(file)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                wait_until(lambda: _answers(through), "PgBouncer", seconds=10, explain=lambda: mode)
                yield through
            finally:
                process.terminate()


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.skipif(shutil.which("pgbouncer") is None, reason="PgBouncer is not installed")
def test_a_pooler_is_used_in_session_mode_and_rejected_in_transaction_mode(database_url: str) -> None:
    with (
        pgbouncer(database_url, "transaction") as url,
        pytest.raises(StorageError, match="a connection pooler in transaction mode"),
    ):
        apply_migrations(url)
    with pgbouncer(database_url, "session") as url:
        assert apply_migrations(url)
        with Database(url, "tickets") as database:
            assert database.fetch_all("watchlist/select_rejected_rows") == []
