"""A cell and a range of the simulated Google Sheets."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, Self

Dimension = Literal["ROWS", "COLUMNS"]

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


class InvalidRequestError(ValueError):
    """What Google refuses with status 400, in its words."""


class Cell(str):
    """A cell that is more than the text somebody typed: what the API wrote, and the note and format of the place."""

    __slots__ = ("entered", "note", "number_format")
    entered: dict[str, Any]
    note: str
    number_format: dict[str, str]

    @classmethod
    def of(cls, text: str) -> Self:
        """A cell with what a person typed; one that is a Cell stays as it is."""
        if isinstance(text, cls):
            return text
        number = {"numberValue": float(text)} if _NUMBER.fullmatch(text) else {"stringValue": text}
        return cls._with({"formulaValue": text} if text.startswith("=") else number if text else {})

    def holding(self, value: str | float | bool) -> Self:
        """The same place with a raw value."""
        kind = "boolValue" if value is True or value is False else "stringValue"
        entered = {kind: value} if isinstance(value, str | bool) else {"numberValue": value}
        return self._with({} if value == "" else entered, self.note, self.number_format)

    def noted(self, *, note: str | None = None, number_format: dict[str, str] | None = None) -> Self:
        """The same value with another note or format."""
        return self._with(self.entered, self.note if note is None else note, number_format or self.number_format)

    @classmethod
    def _with(cls, entered: dict[str, Any], note: str = "", number_format: dict[str, str] | None = None) -> Self:
        value = next(iter(entered.values()), "")
        cell = cls(format(value, ".15g") if "numberValue" in entered else value)
        cell.entered, cell.note, cell.number_format = entered, note, number_format or {}
        return cell

    def resource(self) -> dict[str, Any]:
        """The cell as the API sends it."""
        sent = {"formattedValue": str(self), "userEnteredValue": self.entered, "note": self.note}
        look = {"userEnteredFormat": {"numberFormat": self.number_format}} if self.number_format else {}
        return {name: value for name, value in sent.items() if value} | look


class Area(NamedTuple):
    """A range of one tab; None: unbounded. What is inserted in it widens it, and what is deleted of it narrows it."""

    tab: str
    rows: tuple[int, int] | None
    columns: tuple[int, int] | None

    def after(self, tab: str, dimension: Dimension, where: Callable[[int], int | None], size: int) -> Area:
        """The range once each index is where `where` says; None: it is deleted."""
        span = self.rows if dimension == "ROWS" else self.columns
        if tab != self.tab or span is None:
            return self
        kept = [at for at in map(where, range(span[0], min(span[1], size + 1000))) if at is not None]
        moved = (min(kept), max(kept) + 1) if kept else (span[0], span[0])
        return self._replace(rows=moved) if dimension == "ROWS" else self._replace(columns=moved)
