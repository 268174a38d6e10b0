"""Marks of free text: enough to recognise a text, too little to read it.

Free text may contain a name, so only its mark is stored: a keyed hash (HMAC-SHA-256) of its normalised words. A word
that is added to the table later gets the same mark, so stored answers of exactly this word are found. The key is
outside the database: with the database alone, nobody can try names against the marks.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.primary_sales.gender import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ticket_pipeline.settings.model import Settings

KEY_FILE = "vivenu-answers.key"
"""In STATE_DIR; created at the first read, unless VIVENU_ANSWERS_KEY is set."""

_PREFIX = "(free text "
_DIGITS = 12
_KEY_BYTES = 32


class FreeTexts:
    """Marks texts with one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __repr__(self) -> str:
        return "FreeTexts(***)"

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """With the key of the settings, or the one in STATE_DIR.

        Raises:
            ConfigurationError: the key can be neither read nor created.
        """
        if settings.vivenu_answers_key is not None:
            return cls(settings.vivenu_answers_key.get_secret_value().encode())
        file = settings.state_dir / KEY_FILE
        try:
            return cls(_read_or_make(file))
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"Could not read or create the key for free texts, {file} ({type(error).__name__}). Check the folder's "
                "permissions, or set VIVENU_ANSWERS_KEY."
            ) from None

    @property
    def key_mark(self) -> str:
        """Identifies the key without revealing it."""
        return hashlib.sha256(b"key of free texts" + self._key).hexdigest()[:8]

    def mark_of(self, words: Iterable[str]) -> str:
        """The mark of normalised words, such as `(free text 3f9a12c4d07b)`."""
        digest = hmac.new(self._key, " ".join(words).encode(), hashlib.sha256).hexdigest()
        return f"{_PREFIX}{digest[:_DIGITS]})"

    def mark_of_text(self, text: str) -> str:
        """The mark of a text as typed."""
        return self.mark_of(words_of(text))


def is_mark(answer: str) -> bool:
    """Whether a stored answer is the mark of a free text."""
    return answer.startswith(_PREFIX)


def _read_or_make(file: Path) -> bytes:
    """The key in a file that only its owner may read; processes that start together agree on one.

    Raises:
        OSError: the file can be neither read nor created.
        ValueError: it does not contain a key.
    """
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # mode 0600
        with os.fdopen(handle, "w", encoding="ascii") as draft:
            draft.write(secrets.token_hex(_KEY_BYTES))
        with contextlib.suppress(FileExistsError):  # another process was first
            file.hardlink_to(name)
        Path(name).unlink()
    key = bytes.fromhex(file.read_text(encoding="ascii"))
    if not key:
        raise ValueError("the file is empty")
    return key
