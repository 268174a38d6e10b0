"""The key that free texts are marked with: made once, kept to its owner, and never shown."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.primary_sales.free_texts import KEY_FILE, FreeTexts
from ticket_pipeline_tests.overrides import settings_from

if TYPE_CHECKING:
    from pathlib import Path

    from ticket_pipeline.settings.model import Settings


def settings(folder: Path, **changes: object) -> Settings:
    """Settings that keep everything in a folder."""
    return settings_from({"state_dir": folder} | changes)


def test_without_a_key_one_is_made_for_its_owner_alone_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    first, second = (FreeTexts.of(settings(folder)).mark_of_text("Jane") for _ in range(2))
    assert first == second
    assert [file.name for file in folder.iterdir()] == [KEY_FILE]
    assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600


def test_processes_that_come_at_once_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        marks = list(pool.map(lambda _: FreeTexts.of(settings(tmp_path)).key_mark, range(32)))
    assert len(set(marks)) == 1


def test_a_key_of_the_settings_wins_and_is_not_shown(tmp_path: Path) -> None:
    one = FreeTexts.of(settings(tmp_path, vivenu_answers_key="sixteen letters!"))
    assert list(tmp_path.iterdir()) == []
    assert "sixteen" not in repr(one) + one.key_mark + one.mark_of_text("Jane")


@pytest.mark.parametrize("content", ["", "no hexadecimal"])
def test_a_damaged_key_is_an_error_with_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / KEY_FILE).write_text(content)
    with pytest.raises(ConfigurationError, match="set VIVENU_ANSWERS_KEY"):
        FreeTexts.of(settings(tmp_path))
