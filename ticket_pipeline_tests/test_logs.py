"""The log: JSON with its context, on stderr and in a file, and nothing secret or personal whoever handles it."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from structlog.contextvars import bound_contextvars

from ticket_pipeline.logs import FILE_NAME, LineFormatter, set_up_logs
from ticket_pipeline.settings.model import Settings

LOG = logging.getLogger("ticket_pipeline.http.fetcher")
SECRETS = (
    "https://me:S3CRETS3CRET@h.example/api?apikey=S3CRETS3CRET",
    "Authorization: Bearer S3CRETS3CRET",
    "Cookie: session=S3CRETS3CRET",
    "jane.doe+S3CRET@example.com asked",
    'token="S3CRETS3CRET"',
)


def log_a_failure() -> None:
    """What a failed try logs: context, an error, a traceback, every kind of secret."""
    with bound_contextvars(run_id="r-1", marketplace="stubhub", external_id="157284301", attempt=2):
        try:
            int(SECRETS[0])
        except ValueError:
            LOG.exception("try failed: %s", " | ".join(SECRETS))


def check(line: str) -> dict[str, Any]:
    """One line of JSON with all context and no secret."""
    found: dict[str, Any] = json.loads(line)
    assert (found["run_id"], found["marketplace"], found["external_id"], found["attempt"]) == (
        "r-1",
        "stubhub",
        "157284301",
        2,
    )
    assert (found["level"], found["logger"]) == ("error", LOG.name)
    assert found["event"].startswith("try failed: https://h.example/api")
    assert "ValueError" in found["exception"]
    assert "S3CRET" not in line
    assert "jane.doe" not in line
    return found


def test_json_lines_have_the_context_and_no_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(state_dir=tmp_path, log_format="json", enable_file_logging=True)
    for _ in range(2):
        set_up_logs(settings)
    log_a_failure()
    (on_stderr,) = capsys.readouterr().err.splitlines()
    (in_file,) = (tmp_path / "logs" / FILE_NAME).read_text(encoding="utf-8").splitlines()
    assert check(on_stderr).keys() == check(in_file).keys()


def test_any_handler_gets_scrubbed_lines(caplog: pytest.LogCaptureFixture) -> None:
    set_up_logs(Settings())
    LOG.error("failed: %s", SECRETS[1])
    assert "S3CRET" not in caplog.text
    assert caplog.records[-1].getMessage().startswith("failed: Authorization: ")


def test_people_get_one_plain_line() -> None:
    record = logging.LogRecord("ticket_pipeline", logging.WARNING, __file__, 1, "%s is late", ("stubhub",), None)
    assert LineFormatter().format(record) == "WARNING: stubhub is late"


def test_a_folder_that_cannot_be_written_is_named_and_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "logs").write_text("a file")
    set_up_logs(Settings(state_dir=tmp_path, enable_file_logging=True))
    assert f"Could not write {tmp_path / 'logs' / FILE_NAME}: File exists." in caplog.text
