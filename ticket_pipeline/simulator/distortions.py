"""Answers that are whole and well-formed and say something else than they should: drifted fields, new ids, wrong zones.

What belongs here: distorting a decoded body, given which of its fields mean what. What does not: when it happens
(`ticket_pipeline.simulator.faults`), and faults that are the same for every body (`ticket_pipeline.simulator.wire`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from ticket_pipeline.simulator.faults import FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable

RENAMED_SUFFIX = "V2"
ID_SHIFT = 5_000_000_000
WRONG_ZONE = "Pacific/Auckland"
WRONG_HOURS = timedelta(hours=3)


_KINDS = frozenset({FaultKind.RENAMED_FIELD, FaultKind.RETYPED_FIELD, FaultKind.REKEYED_IDS, FaultKind.WRONG_TIME_ZONE})


@dataclass(frozen=True, slots=True)
class FieldMeanings:
    """Which fields of a marketplace's bodies a distortion is about; a name is meant wherever it stands.

    Attributes:
        quantities: drift: they get another name, or another type.
        listing_id: gets another value; None: the body has no listings.
        time_zone: names the wrong zone; None: the body names none.
        local_time: shows the wrong hour, as in `19:30:00`.
    """

    quantities: tuple[str, ...]
    listing_id: str | None = None
    time_zone: str | None = None
    local_time: str | None = None

    def distorted(self, kind: FaultKind, body: bytes) -> bytes:
        """`body` as this fault has it; unchanged where it is about a field that these bodies lack, or no JSON."""
        change = self._change(kind)
        if change is None:
            return body
        try:
            return orjson.dumps(_changed(orjson.loads(body), *change))
        except orjson.JSONDecodeError:
            return body

    def kinds(self) -> frozenset[FaultKind]:
        """The distortions that are about fields of these bodies."""
        return frozenset(kind for kind in _KINDS if self._change(kind) is not None)

    def _change(self, kind: FaultKind) -> tuple[dict[str, Callable[[Any], Any]], dict[str, str]] | None:
        """New values and new names by field."""
        if kind is FaultKind.RENAMED_FIELD:
            return {}, {name: f"{name}{RENAMED_SUFFIX}" for name in self.quantities}
        if kind is FaultKind.RETYPED_FIELD:
            return dict.fromkeys(self.quantities, _of_another_type), {}
        if kind is FaultKind.REKEYED_IDS and self.listing_id is not None:
            return {self.listing_id: _with_another_id}, {}
        if kind is FaultKind.WRONG_TIME_ZONE and self.time_zone is not None:
            values: dict[str, Callable[[Any], Any]] = {self.time_zone: lambda _: WRONG_ZONE}
            return values | ({self.local_time: _at_another_hour} if self.local_time else {}), {}
        return None


def possible_faults(fields: FieldMeanings | None) -> frozenset[FaultKind]:
    """How answers with these fields can go wrong: not by distorting what they lack."""
    return (frozenset(FaultKind) - _KINDS) | (frozenset() if fields is None else fields.kinds())


def _changed(value: Any, values: dict[str, Callable[[Any], Any]], names: dict[str, str]) -> Any:  # noqa: ANN401 - JSON is anything
    if isinstance(value, list):
        return [_changed(item, values, names) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        names.get(name, name): values[name](item) if name in values else _changed(item, values, names)
        for name, item in value.items()
    }


def _of_another_type(value: Any) -> Any:  # noqa: ANN401 - JSON is anything
    """Text for a number, a number for text that is one, an object for the rest."""
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return {"value": value}


def _with_another_id(value: Any) -> Any:  # noqa: ANN401 - JSON is anything
    """The id shifted, behind whatever letters it begins with."""
    if isinstance(value, int):
        return value + ID_SHIFT
    digits = str(value).lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    letters = str(value).removesuffix(digits)
    return f"{letters}{int(digits) + ID_SHIFT}" if letters and digits.isdecimal() else value


def _at_another_hour(value: Any) -> Any:  # noqa: ANN401 - JSON is anything
    return (datetime.strptime(value, "%H:%M:%S") + WRONG_HOURS).strftime("%H:%M:%S")  # noqa: DTZ007 - an hour of no day
