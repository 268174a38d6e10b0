"""`scripts/check_files.py` keeps secrets and large files out, and says why without quoting them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).resolve().parent.parent.parent / "scripts" / "check_files.py"

# Put together here, so that this file passes its own check.
_BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEF"
_PRIVATE_KEY = f"-----BEGIN {'PRIVATE'} KEY-----\n{_BODY}"


def check(*files: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, _SCRIPT, *files], capture_output=True, text=True, check=False)


@pytest.fixture
def harmless(tmp_path: Path) -> Path:
    path = tmp_path / "notes.md"
    path.write_text("A key named STUBHUB_COOKIE, and -----BEGIN CERTIFICATE-----.")
    return path


def test_harmless_files_pass_in_silence(harmless: Path) -> None:
    result = check(harmless, _SCRIPT, Path(__file__))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a private key", _PRIVATE_KEY),
        ("a private key", _PRIVATE_KEY.replace("BEGIN ", "BEGIN RSA ")),
        ("a private key", _PRIVATE_KEY.replace("\n", r"\n")),  # as in a service account's JSON
        ("a Google API key", "AI" + "za" + "x" * 35),
        ("an access token", "gh" + "p_" + "A" * 36),
        ("a cloud access key", "AK" + "IA" + "A" * 16),
    ],
)
def test_a_secret_is_refused_and_not_quoted(tmp_path: Path, harmless: Path, what: str, text: str) -> None:
    path = tmp_path / "module.py"
    path.write_text(f"value = '{text}'")
    result = check(harmless, path)
    assert result.returncode == 1
    assert result.stderr.startswith(f"{path}: holds what looks like {what}; ")
    assert text[-16:] not in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", [".env", "google-credentials.json", "service_account.json", "headers.json", "tls.key"])
def test_a_file_named_like_a_secret_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("{}")
    assert "by its name it holds secrets" in check(path).stderr


def test_the_example_of_the_settings_is_no_secret(tmp_path: Path) -> None:
    path = tmp_path / ".env.example"
    path.write_text("#DB_PASSWORD=\n")
    assert check(path).returncode == 0


def test_a_large_file_is_refused_with_its_size(tmp_path: Path) -> None:
    path = tmp_path / "payload.bin"
    path.write_bytes(bytes(1_000_001))
    result = check(path)
    assert result.returncode == 1
    assert "has 1000001 bytes, at most 1000000" in result.stderr
    path.write_bytes(bytes(1_000_000))
    assert check(path).returncode == 0
