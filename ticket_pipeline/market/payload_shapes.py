"""The shape of a marketplace's payload: its fields, their types, in how many items they are; and what changed.

Names and types only, never a value. A path reads as people write it: `[].sellerAllInPrice.amt`, `tickets[].aip`. Keys
that are ids, such as those of a map by listing, are one path `*`. Whole and broken numbers are one type, and null goes
with any type.

A field that is often absent, or that one event never had, has not changed. So a change must differ from what the
marketplace sent before and from what it sent about the same event, in enough items to be no accident.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import chain
from typing import Any

_SAMPLE = 40
"""Items of a list that are looked at, evenly spaced."""

_DEEPEST = 8
_MOST_KEYS = 100
_ENOUGH = 10
"""Items that make a change no accident; fewer where a payload never has so many."""

_USUAL_SHARE, _UNUSUAL_SHARE, _ADDED_SHARE, _RETYPED_SHARE = 0.95, 0.8, 0.5, 0.1
_USUAL_AFTER = 3
"""Payloads in a row that must have a field in nearly every item before its absence is a change."""

_NAME = re.compile(r"[A-Za-z_$@][\w$@:-]{0,59}")
_ID = re.compile(r"[0-9]{4,}|[0-9a-f]{16,}|[0-9a-f-]{32,}")
_TYPES = {str: "string", bool: "boolean", int: "number", float: "number", dict: "object", list: "array"}
_NULL = "null"


class ShapeChange(StrEnum):
    """What became of a field."""

    ADDED = "added"
    MISSING = "missing"
    RETYPED = "retyped"


@dataclass(slots=True)
class FieldShape:
    """A field in a payload: objects that could have it, those that do, and how many values of each type it has."""

    parents: int = 0
    present: int = 0
    types: Counter[str] = field(default_factory=Counter)

    def named_types(self) -> frozenset[str]:
        """The types that are no rare exception, without null."""
        known = {name: count for name, count in self.types.items() if name != _NULL}
        return frozenset(name for name, count in known.items() if count >= _RETYPED_SHARE * sum(known.values()))


Shape = dict[str, FieldShape]


@dataclass(frozen=True, slots=True)
class KnownField:
    """What earlier payloads of a marketplace say of a field.

    Attributes:
        types: its types, without null; empty: it was always null.
        usual_for: payloads in a row that had it in nearly every item, counted up to the number that matters.
        items: objects that could have it at once, counted up to the number that matters.
        absent_from: objects in a row that lack it, in payloads without it.
        is_missing: whether its absence was reported.
    """

    types: frozenset[str]
    usual_for: int
    items: int
    absent_from: int = 0
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that changed; `before` and `after` are types, such as `string` or `number or string`."""

    path: str
    change: ShapeChange
    before: str | None = None
    after: str | None = None

    def __str__(self) -> str:
        types = " -> ".join(filter(None, (self.before, self.after)))
        return f"{self.path or 'the payload itself'} is {self.change} ({types})"


def measure_shape(payloads: Sequence[Any]) -> Shape:
    """The shape of parsed JSON payloads together; of long lists a sample is looked at."""
    shape: Shape = {}
    _measure(shape, "", len(payloads), payloads, 0)
    return shape


def _measure(shape: Shape, path: str, parents: int, values: Sequence[Any], depth: int) -> None:
    found = shape.setdefault(path, FieldShape())
    found.parents += parents
    found.present += min(parents, len(values))
    for kind, count in Counter(map(type, values)).items():
        found.types[_TYPES.get(kind, _NULL)] += count
    if depth == _DEEPEST:
        return
    objects = [value for value in values if type(value) is dict]
    for name, under in _by_name(objects).items():
        _measure(shape, f"{path}.{name}" if path else name, len(objects), under, depth + 1)
    lists = [value for value in values if type(value) is list and value]
    if lists:
        items = sample(list(chain.from_iterable(map(sample, lists))))
        _measure(shape, f"{path}[]", len(items), items, depth + 1)


def _by_name(objects: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    keys = set(chain.from_iterable(objects))
    names = {key: _name(key) if len(keys) <= _MOST_KEYS else "*" for key in keys}
    values: dict[str, list[Any]] = {}
    for key in sorted(keys):
        values.setdefault(names[key], []).extend(each[key] for each in objects if key in each)
    return values


def _name(key: str) -> str:
    return key if _NAME.fullmatch(key) and not _ID.search(key) else "*"


def sample(items: Sequence[Any]) -> Sequence[Any]:
    """The items of a list that are looked at: all, or some, evenly spaced."""
    return items if len(items) <= _SAMPLE else items[:: -(-len(items) // _SAMPLE)]


def find_changes(known: Mapping[str, KnownField], shape: Shape, *, fewest: int = 1) -> list[FieldChange]:
    """How a payload differs from what is known of a marketplace, in order of the paths; none where nothing is known.

    Args:
        known: by path.
        shape: of the payload.
        fewest: objects that a change needs at least; more than one where a payload describes a single thing.
    """
    if not known:
        return []
    found = [*_added(known, shape, fewest), *_missing(known, shape, fewest), *_retyped(known, shape, fewest)]
    return sorted(found, key=lambda change: (change.path, change.change))


def _added(known: Mapping[str, KnownField], shape: Shape, fewest: int) -> Iterator[FieldChange]:
    for path, seen in shape.items():
        is_new = path not in known or known[path].is_missing
        container = known.get(_container(path))
        if is_new and _is_field(path) and container is not None and "object" in container.types:
            enough = _enough(container.items, fewest)
            if seen.present >= enough and seen.present >= _ADDED_SHARE * seen.parents:
                yield FieldChange(path, ShapeChange.ADDED, after=_words(seen.named_types()))


def _missing(known: Mapping[str, KnownField], shape: Shape, fewest: int) -> Iterator[FieldChange]:
    for path, before in known.items():
        absent = _absent(path, shape)
        is_usual = before.usual_for >= _USUAL_AFTER and not before.is_missing
        if is_usual and absent and before.absent_from + absent >= _enough(before.items, fewest):
            yield FieldChange(path, ShapeChange.MISSING, before=_words(before.types))


def _retyped(known: Mapping[str, KnownField], shape: Shape, fewest: int) -> Iterator[FieldChange]:
    for path, before in known.items():
        if path in shape and before.types:
            seen = shape[path]
            types = seen.named_types()
            count = sum(seen.types[name] for name in types - before.types)
            if count and seen.present >= _enough(before.items, fewest):
                yield FieldChange(path, ShapeChange.RETYPED, before=_words(before.types), after=_words(types))


def _absent(path: str, shape: Shape) -> int:
    """How many objects lack a field that no object has; 0 where there is none that could have it."""
    container = shape.get(_container(path))
    return container.types["object"] if path not in shape and container and _is_field(path) else 0


def _is_field(path: str) -> bool:
    """Whether it names a field, and not the payload itself or the items of a list."""
    return bool(path) and not path.endswith("[]")


def _container(path: str) -> str:
    """The path of the object or list that a field or item is in."""
    return path.removesuffix("[]") if path.endswith("[]") else path.rpartition(".")[0]


def _enough(items: int, fewest: int) -> int:
    return max(fewest, min(_ENOUGH, items))


def _words(types: frozenset[str]) -> str:
    return " or ".join(sorted(types)) or _NULL


def holds_for_event(change: FieldChange, before: Shape) -> bool:
    """Whether a change is one from an earlier payload of the same events; what they always had is none."""
    seen = before.get(change.path)
    if change.change is ShapeChange.ADDED:
        return seen is None
    if change.change is ShapeChange.MISSING:
        return seen is not None
    return seen is None or not set((change.after or "").split(" or ")) <= seen.named_types()


def learn(
    known: Mapping[str, KnownField],
    shape: Shape,
    reported: Sequence[FieldChange],
    natural: Sequence[FieldChange],
) -> dict[str, KnownField]:
    """What is known of each field after a payload, of those of which something else was known before.

    Args:
        known: by path; empty: this is the first payload.
        shape: of the payload.
        reported: its changes that are reported: they are known from now on.
        natural: those that the same events have always had: they are known too, and are no change.
    """
    settled = {change.path for change in [*reported, *natural]}
    learned: dict[str, KnownField] = {}
    for path, seen in shape.items():
        if (before := known.get(path)) is not None:
            learned[path] = _see(before, seen, path in settled, _is_replaced(path, reported, seen, before))
        elif not known or path in settled or _is_part_of_new(path, learned, known) or not _waits(path, seen, known):
            learned[path] = KnownField(seen.named_types(), _is_usual(seen), min(_ENOUGH, seen.parents))
    for path, before in known.items():
        if absent := _absent(path, shape):
            learned[path] = _miss(before, absent, path, reported, settled)
    return {path: now for path, now in learned.items() if known.get(path) != now}


def _is_part_of_new(path: str, learned: Mapping[str, KnownField], known: Mapping[str, KnownField]) -> bool:
    """Whether the object or list that it is in was not there before, or was something else."""
    container = _container(path)
    kind = "array" if path.endswith("[]") else "object"
    return kind in _types_of(container, learned) - _types_of(container, known)


def _types_of(path: str, fields: Mapping[str, KnownField]) -> frozenset[str]:
    return fields[path].types if path in fields else frozenset()


def _waits(path: str, seen: FieldShape, known: Mapping[str, KnownField]) -> bool:
    """Whether a new field is frequent, and it takes more items, or the object that it is in, to report it."""
    return _container(path) not in known or (_is_field(path) and seen.present >= _ADDED_SHARE * seen.parents)


def _is_usual(seen: FieldShape) -> int:
    return int(seen.present >= _USUAL_SHARE * seen.parents)


def _is_replaced(path: str, reported: Sequence[FieldChange], seen: FieldShape, before: KnownField) -> bool:
    """Whether a field has other types now, and none of those it had."""
    is_retyped = any(one.path == path and one.change is ShapeChange.RETYPED for one in reported)
    return is_retyped and not seen.named_types() & before.types


def _see(before: KnownField, seen: FieldShape, is_settled: bool, is_replaced: bool) -> KnownField:
    usual_for = before.usual_for
    if seen.present >= _USUAL_SHARE * seen.parents:
        usual_for = min(_USUAL_AFTER, usual_for + 1)
    elif seen.present < _UNUSUAL_SHARE * seen.parents:
        usual_for = 0
    types = seen.named_types()
    if not is_replaced:
        types = before.types | types if is_settled or not before.types else before.types
    items = max(before.items, min(_ENOUGH, seen.parents))
    return replace(before, types=types, usual_for=usual_for, items=items, absent_from=0, is_missing=False)


def _miss(before: KnownField, absent: int, path: str, reported: Sequence[FieldChange], settled: set[str]) -> KnownField:
    if any(one.path == path for one in reported):
        return replace(before, is_missing=True, absent_from=0)
    if path in settled or before.usual_for < _USUAL_AFTER:
        return replace(before, usual_for=0, absent_from=0)
    return before if before.is_missing else replace(before, absent_from=min(_ENOUGH, before.absent_from + absent))
