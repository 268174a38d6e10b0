"""The text of the settings file, where no running server is needed to see the claim."""

from __future__ import annotations

from pathlib import Path

from ticket_pipeline.storage.embedded.configuration import render


def test_plain_postgresql_preloads_nothing_and_waits_for_the_disk() -> None:
    text = render(Path("/d"), Path("/s"), {})

    for word in ("shared_preload_libraries", "timescaledb", "fsync", "synchronous_commit"):
        assert word not in text
    assert "jit = 'off'" in text


def test_the_callers_settings_win() -> None:
    lines = render(Path("/d"), Path("/s"), {"jit": "on"}).splitlines()

    assert [line for line in lines if line.startswith("jit")] == ["jit = 'on'"]


def test_quotes_and_backslashes_stay_part_of_the_value() -> None:
    lines = render(Path("/it's"), Path("/s"), {"log_line_prefix": "a\\b"}).splitlines()

    assert "include = '/it''s/postgresql.conf'" in lines
    assert "log_line_prefix = 'a\\\\b'" in lines
