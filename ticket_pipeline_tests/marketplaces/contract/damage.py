"""Bodies that went wrong somewhere: values of another type, taken out, doubled, huge, nested, or no JSON at all.

What belongs here: drawing the damage. What does not: what a client must make of it (`test_bodies`).
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator

_ODD = [
    "_", "2", "-1", "0", "1,2", "$1,234.50", "1.234", "NaN", "\x00", "\x1b[31m", "\ud800", "\u202eLoge", "\U0001f3ab",
    "x" * 300, "x" * 100_000, "GA", "Parking", "USD", "2027-01-19", "20:00:00", "2027-01-19T20:00:00Z", "0001-01-01",
    "9999-12-31", "Pacific/Auckland", "../../etc/localtime", "America", 10**400, 2**63, -0.0, 1e308, 1e-9, True,
    {"amt": "x"}, [[]], ["1"], {"": {"": ""}},
]  # fmt: skip

JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10), st.sampled_from(_ODD)),
    lambda children: st.one_of(
        st.lists(children, max_size=3), st.dictionaries(st.text(max_size=3), children, max_size=3)
    ),
    max_leaves=5,
)

_RAW = {
    # Deep enough for Python's own recursion, and not too deep for the quick reader of JSON.
    "@deep@": "[" * 1_000 + "]" * 1_000,
    "@deep object@": '{"a":' * 1_000 + "1" + "}" * 1_000,
    "@deeper@": "[" * 5_000 + "]" * 5_000,
    "@infinite@": "1e999",
    "@nan@": "NaN",
    "@endless@": "9" * 5_000,
    "@zero-led@": "007",
    "@lone surrogate@": '"\\udc00"',
    "@control character@": '"a\x01b"',
    "@nothing@": "",
}
"""Stand-in → what no JSON writer would write: it is put in place of the stand-in at the end."""


class _NamedTwice(dict[str, Any]):
    """A JSON object that names one of its keys twice; the last one counts, where readers agree."""

    def __init__(self, members: dict[str, Any], key: str, again: object) -> None:
        super().__init__(members)
        self._again = key, again

    def items(self) -> Any:  # type: ignore[override]  # noqa: ANN401 - what the writer asks for
        return [*super().items(), self._again]


def damaged_body(data: st.DataObject, document: Any) -> bytes:  # noqa: ANN401 - JSON is anything
    """The body of a document in which up to four places went wrong."""
    damaged = copy.deepcopy(document)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged = _damaged(data, damaged)
    return _written(damaged)


def each_place_spoilt(document: Any) -> Iterator[tuple[str, bytes]]:  # noqa: ANN401 - JSON is anything
    """The body of a document with what no JSON writer would write in one place: each in each, and what and where."""
    for way in _ways(document):
        for stand_in in _RAW:
            spoilt = copy.deepcopy(document)
            place = spoilt
            for step in way[:-1]:
                place = place[step]
            place[way[-1]] = stand_in
            yield f"{stand_in} at {way}", _written(spoilt)


def _ways(node: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - JSON is anything
    below = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [way for key, child in below for way in ((key,), *((key, *rest) for rest in _ways(child)))]


def _written(document: object) -> bytes:
    text = json.dumps(document)
    for stand_in, raw in _RAW.items():
        text = text.replace(json.dumps(stand_in), raw)
    return text.encode()


def _damaged(data: st.DataObject, place: Any) -> Any:  # noqa: ANN401 - JSON is anything
    """`place` with one spot changed inside it, or itself where there is nothing inside."""
    if not isinstance(place, dict | list) or not place:
        return _junk(data)
    key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
    if isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
        place[key] = _damaged(data, place[key])
        return place
    return _damaged_at(data, place, key)


def _damaged_at(data: st.DataObject, place: Any, key: Any) -> Any:  # noqa: ANN401 - JSON is anything
    how = data.draw(st.sampled_from(["replace", "retype", "nest", "take out", "double"]))
    if how == "replace":
        place[key] = _junk(data)
    elif how == "retype":
        place[key] = _of_another_type(place[key])
    elif how == "nest":
        place[key] = [place[key]] if data.draw(st.booleans()) else {"value": place[key]}
    elif how == "take out":
        del place[key]
    elif isinstance(place, list):
        place.append(copy.deepcopy(place[key]))
    elif type(place) is dict:
        return _NamedTwice(place, key, _junk(data))
    return place


def _junk(data: st.DataObject) -> object:
    return data.draw(st.one_of(JUNK, st.sampled_from(sorted(_RAW))))


def _of_another_type(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return float(value) if value.replace(".", "", 1).isdecimal() and value.isascii() else [value]
    return str(value) if value is None else 1
