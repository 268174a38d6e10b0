"""Options whose value is read by a function of ours, such as an age or a bucket.

What belongs here: how such a function and typer meet. What does not: the functions (`formats`).
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta


def as_parser(read: Callable[[str], timedelta]) -> Callable[[str], timedelta]:
    """A parser for `typer.Option`: what `read` refuses with a ValueError is told in its own words, and theirs alone."""

    @wraps(read)
    def parse(text: str) -> timedelta:
        try:
            return read(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    return parse
