"""Bodies that went wrong somewhere: values of another type, taken out, huge, nested, or no JSON at all.

What belongs here: drawing the damage. What does not: what a client must make of it (`test_bodies`).
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

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


def damaged_body(data: st.DataObject, document: Any) -> bytes:  # noqa: ANN401 - JSON is anything
    """The body of a document in which up to four places hold something else, nest what they held, or are gone."""
    damaged = {"": copy.deepcopy(document)}
    for _ in range(data.draw(st.integers(1, 4))):
        *way, last = data.draw(st.sampled_from(_ways(damaged)))
        place = _at(damaged, way)
        how = data.draw(st.sampled_from(["replace", "write as text", "nest", "take out"]))
        if how == "replace":
            # A copy: the next damage may be done inside it, and the lists of `_ODD` are the same for all examples.
            place[last] = copy.deepcopy(data.draw(st.one_of(JUNK, st.sampled_from(sorted(_RAW)))))
        elif how == "write as text":
            place[last] = str(place[last])
        elif how == "nest":
            place[last] = [place[last]] if data.draw(st.booleans()) else {"value": place[last]}
        elif way:
            del place[last]
    return _written(damaged[""])


def each_place_spoilt(document: Any) -> Iterator[tuple[str, bytes]]:  # noqa: ANN401 - JSON is anything
    """The body of a document with what no JSON writer would write in one place: each in each, and what and where."""
    for *way, last in _ways(document):
        for stand_in in _RAW:
            spoilt = copy.deepcopy(document)
            _at(spoilt, way)[last] = stand_in
            yield f"{stand_in} at {way} {last}", _written(spoilt)


def _at(document: Any, way: Sequence[Any]) -> Any:  # noqa: ANN401 - JSON is anything
    for step in way:
        document = document[step]
    return document


def _ways(node: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - JSON is anything
    below = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [way for key, child in below for way in ((key,), *((key, *rest) for rest in _ways(child)))]


def _written(document: object) -> bytes:
    text = json.dumps(document)
    for stand_in, raw in _RAW.items():
        text = text.replace(json.dumps(stand_in), raw)
    return text.encode()
