"""The life cycle: start, races, crashes, deleted folders, strangers on the socket, stop."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest
import sqlalchemy

from ticket_pipeline.errors import StorageError
from ticket_pipeline.storage.embedded import EmbeddedServer
from ticket_pipeline.storage.embedded.account import default_account
from ticket_pipeline.storage.embedded.layout import give, make_socket_dir, socket_dir_of
from ticket_pipeline_tests.servers import FORGETFUL
from ticket_pipeline_tests.storage.embedded.conftest import START_AND_REPORT, ask

HOLD_THE_LOCK_HALFWAY = """
import sys
from pathlib import Path
from ticket_pipeline.storage.embedded.layout import exclusive
state = Path(sys.argv[1])
half_made = state / "postgresql" / "data.init"
half_made.mkdir(parents=True)
(half_made / "PG_VERSION").write_text("half")
with exclusive(state / "postgresql.lock", timeout_seconds=1):
    print("holding", flush=True)
    sys.stdin.read()
"""


def lock_files(server: EmbeddedServer) -> list[Path]:
    """Those that a running server keeps: with its data, and beside its socket."""
    data_dir = server.status().data_dir
    return [data_dir / "postmaster.pid", socket_dir_of(data_dir.parents[1]) / ".s.PGSQL.5432.lock"]


def kill_postmaster(server: EmbeddedServer) -> None:
    """Kill -9 the postmaster and see its children go."""
    pid = server.status().pid
    assert pid is not None
    family = [psutil.Process(pid), *psutil.Process(pid).children()]
    os.kill(pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(family, timeout=20)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


def test_a_server_is_started_described_and_stopped(server: EmbeddedServer, state_dir: Path) -> None:
    before = server.status()
    assert (before.running, before.pid, before.major, before.size_bytes) == (False, None, None, 0)
    assert not server.stop()
    assert not state_dir.exists()

    url = server.start()

    status = server.status()
    assert status.running
    assert status.pid == int(lock_files(server)[0].read_text().split()[0])
    assert str(status.major) == str(ask(url, "select split_part(current_setting('server_version'), '.', 1)"))
    assert status.size_bytes > 10_000_000
    assert status.started_at == ask(url, "select pg_postmaster_start_time()")
    assert "database system is ready" in status.log_file.read_text()
    assert EmbeddedServer(state_dir, None).start() == url
    assert server.status().pid == status.pid
    assert server.stop()
    assert not server.status().running
    assert not server.stop()


def test_the_database_is_unicode_in_utc_and_unreachable_from_the_network(server: EmbeddedServer) -> None:
    url = server.start()

    assert ask(url, "select current_database()") == "tickets"
    assert ask(url, "show server_encoding") == "UTF8"
    assert ask(url, "select lower('MONTRÉAL')") == "montréal"
    assert ask(url, "show timezone") == "UTC"
    assert ask(url, "show listen_addresses") == ""
    assert ask(url, "show data_checksums") == "on"
    engine = sqlalchemy.create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("select current_database()")).scalar() == "tickets"
    engine.dispose()
    with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
        connection.execute("drop database tickets")
    assert ask(server.start(), "select current_database()") == "tickets"


def test_a_stop_keeps_what_was_committed_and_a_start_rotates_a_large_log(
    server: EmbeddedServer,
) -> None:
    with psycopg.connect(server.start()) as connection:
        connection.execute("create table kept as select 42 as number")
        connection.commit()
        assert server.stop()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")
    log_file = server.status().log_file
    os.truncate(log_file, 17 * 1024 * 1024)

    assert ask(server.start(), "select number from kept") == 42
    assert log_file.stat().st_size < 1024 * 1024
    assert log_file.with_suffix(".log.1").stat().st_size == 17 * 1024 * 1024


def test_four_starters_get_one_server_that_outlives_them_and_takes_nothing_of_their_environment(
    state_dir: Path, server: EmbeddedServer
) -> None:
    command = [sys.executable, "-c", START_AND_REPORT, str(state_dir)]
    elsewhere = {"PGPORT": "1", "PGHOST": "/nowhere", "PGDATA": "/nowhere", "PGUSER": "nobody", "PGDATABASE": "none"}
    elsewhere |= {"PGDATESTYLE": "SQL, DMY", "PGTZ": "Asia/Kathmandu"}
    environment = {**os.environ, **elsewhere, "STUBHUB_COOKIE": "secret"}
    starters = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) for _ in range(4)]

    # That `communicate` returns also shows that the server inherited no pipe.
    (pid,) = {int(starter.communicate(timeout=60)[0]) for starter in starters}

    assert [starter.returncode for starter in starters] == [0] * 4
    assert server.status().pid == pid
    assert os.getsid(pid) not in (os.getsid(0), 0)
    assert not {"STUBHUB_COOKIE", "PGUSER"} & set(psutil.Process(pid).environ())


def test_a_killed_server_starts_again_although_its_process_id_is_taken(server: EmbeddedServer) -> None:
    # As in a restarted container, where the same low process ids are those of other programs of the same user.
    with psycopg.connect(server.start()) as connection:
        connection.execute("create table kept as select 42 as number")
        connection.commit()
        connection.execute("checkpoint")
    files = lock_files(server)
    kill_postmaster(server)
    assert not server.status().running
    account = default_account()
    with subprocess.Popen(
        ["/bin/cat"], stdin=subprocess.PIPE, user=account.uid if account.is_other else None
    ) as stranger:
        for lock_file in files:
            rest = lock_file.read_text().partition("\n")[2]
            lock_file.write_text(f"{stranger.pid}\n{rest}")

        assert not server.stop()
        assert ask(server.start(), "select number from kept") == 42

        assert stranger.poll() is None
        stranger.communicate()


def test_a_starter_killed_halfway_leaves_nothing_in_the_way(server: EmbeddedServer, state_dir: Path) -> None:
    command = [sys.executable, "-c", HOLD_THE_LOCK_HALFWAY, str(state_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == "holding\n"
        starter.kill()
        starter.communicate()

    assert ask(server.start(), "select 1") == 1
    assert not (state_dir / "postgresql" / "data.init").exists()


def delete_beside_its_server(folder: Path) -> None:
    """Delete a folder in which the server may still make files (a segment of its log) while others are deleted."""
    give_up = time.monotonic() + 20
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=time.monotonic() < give_up)


def test_a_deleted_state_folder_begins_anew_although_its_server_still_runs(
    server: EmbeddedServer, state_dir: Path
) -> None:
    with psycopg.connect(server.start()) as connection:
        connection.execute("create table gone as select 1")
    orphan = server.status().pid
    assert orphan is not None
    delete_beside_its_server(state_dir)
    assert not server.status().running

    url = server.start()

    assert ask(url, "select to_regclass('gone')") is None
    assert server.status().pid != orphan


def test_another_server_on_our_socket_is_rejected(server: EmbeddedServer, state_dir: Path) -> None:
    own, foreign = socket_dir_of(state_dir / "own"), socket_dir_of(state_dir)
    make_socket_dir(foreign, default_account())
    both = {**FORGETFUL, "unix_socket_directories": f"{own},{foreign}"}
    stranger = EmbeddedServer(state_dir / "own", None, server_settings=both)
    try:
        stranger.start()

        with pytest.raises(StorageError, match=r"serves .*/own/postgresql/data, not .*Stop that server"):
            server.start()
    finally:
        stranger.stop()
        shutil.rmtree(own)


def test_a_socket_folder_that_is_a_link_or_of_another_user_is_not_trusted(
    server: EmbeddedServer, state_dir: Path, tmp_path: Path
) -> None:
    folder = socket_dir_of(state_dir)
    folder.symlink_to(tmp_path)
    try:
        with pytest.raises(StorageError, match="cannot be trusted"):
            server.start()
    finally:
        folder.unlink()
    if os.geteuid() == 0:
        folder.mkdir(mode=0o700)
        os.chown(folder, 12345, 12345)
        with pytest.raises(StorageError, match="cannot be trusted"):
            server.start()


def test_a_failed_start_shows_the_log_and_can_be_fixed(server: EmbeddedServer, state_dir: Path) -> None:
    broken = EmbeddedServer(state_dir, None, server_settings={**FORGETFUL, "shared_buffers": "much"})

    with pytest.raises(StorageError, match=r'(?s)Fix what its log.*invalid value for parameter "shared_buffers"'):
        broken.start()

    assert ask(server.start(), "select 1") == 1


def test_a_file_in_place_of_the_state_folder_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "state").touch()

    with pytest.raises(StorageError, match="set STATE_DIR to another one"):
        EmbeddedServer(tmp_path / "state", None).start()


def test_a_state_folder_with_a_long_awkward_name_works_with_the_server_of_the_wheel(state_dir: Path) -> None:
    folder = state_dir / ("with space, quote ' and ümlaut " + "x" * 150)
    server = EmbeddedServer(folder, None, server_settings=FORGETFUL, search_path="")
    try:
        assert str(ask(server.start(), "show server_version")).startswith("18")
    finally:
        server.stop()
        shutil.rmtree(socket_dir_of(folder), ignore_errors=True)


def test_data_of_another_major_version_are_never_started(server: EmbeddedServer, state_dir: Path) -> None:
    data_dir = state_dir / "postgresql" / "data"
    data_dir.mkdir(parents=True)
    (data_dir / "PG_VERSION").write_text("9\n")
    give(data_dir, default_account())

    with pytest.raises(StorageError, match=r"written by PostgreSQL 9, which no other .*found PostgreSQL \d+"):
        server.start()
