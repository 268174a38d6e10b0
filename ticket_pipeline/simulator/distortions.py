"""Faults that change a response's content: renamed or retyped fields, other listing ids, a wrong timezone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from ticket_pipeline.simulator.faults import FaultKind

RENAMED_SUFFIX = "V2"
ID_SHIFT = 5_000_000_000
WRONG_ZONE = "Pacific/Auckland"
WRONG_HOURS = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class FieldMeanings:
    """The fields of a marketplace's bodies that a distortion changes, wherever they occur; None: bodies have none."""

    quantities: tuple[str, ...]  # get another name, or another type
    listing_id: str | None = None  # gets another value
    time_zone: str | None = None  # gets the wrong zone
    local_time: str | None = None  # gets the wrong hour, as in `19:30:00`

    def distorted(self, kind: FaultKind, body: bytes) -> bytes:
        """`body` with this fault; unchanged where the fields are missing or the body is not JSON."""
        names = {name: f"{name}{RENAMED_SUFFIX}" for name in self.quantities} if kind is FaultKind.RENAMED_FIELD else {}
        try:
            return orjson.dumps(_changed(orjson.loads(body), self._new_values(kind), names))
        except orjson.JSONDecodeError:
            return body

    def _new_values(self, kind: FaultKind) -> dict[str, Callable[[Any], Any]]:
        values: dict[str | None, Callable[[Any], Any]] = {}
        if kind is FaultKind.RETYPED_FIELD:
            values = dict.fromkeys(self.quantities, _of_another_type)
        elif kind is FaultKind.REKEYED_IDS:
            values = {self.listing_id: _with_another_id}
        elif kind is FaultKind.WRONG_TIME_ZONE:
            values = {self.time_zone: lambda _: WRONG_ZONE, self.local_time: _at_another_hour}
        return {name: change for name, change in values.items() if name is not None}


def _changed(value: Any, values: dict[str, Callable[[Any], Any]], names: dict[str, str]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, list):
        return [_changed(item, values, names) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        names.get(name, name): values[name](item) if name in values else _changed(item, values, names)
        for name, item in value.items()
    }


def _of_another_type(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Text for a number, a number for digits, an object for anything else."""
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return {"value": value}


def _with_another_id(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """The id shifted, with the letters it begins with."""
    if isinstance(value, int):
        return value + ID_SHIFT
    digits = str(value).lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    letters = str(value).removesuffix(digits)
    return f"{letters}{int(digits) + ID_SHIFT}" if letters and digits.isdecimal() else value


def _at_another_hour(value: Any) -> Any:  # noqa: ANN401 - any JSON
    return (datetime.strptime(value, "%H:%M:%S") + WRONG_HOURS).strftime("%H:%M:%S")  # noqa: DTZ007 - a time of day
