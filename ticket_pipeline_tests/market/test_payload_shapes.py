"""A field that a marketplace adds, drops, renames or retypes is named at once, and what differs by nature never is."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from ticket_pipeline.market.payload_shapes import (
    KnownField,
    Shape,
    find_changes,
    holds_for_event,
    learn,
    measure_shape,
)

Edit = Callable[[dict[str, Any]], object]


class Watcher:
    """What is known after some payloads, and what each reported; each is compared with the one before it."""

    def __init__(self, *, fewest: int = 1) -> None:
        self.known: dict[str, KnownField] = {}
        self._before: Shape = {}
        self._fewest = fewest

    def see(self, *payloads: Any, before: Any = None) -> list[str]:  # noqa: ANN401 - JSON is anything
        """What these payloads of one moment report; `before`: of the same event, if not those before."""
        self._before = self._before if before is None else measure_shape([before])
        shape = measure_shape(payloads)
        found = find_changes(self.known, shape, fewest=self._fewest)
        reported = [change for change in found if not self._before or holds_for_event(change, self._before)]
        natural = [change for change in found if change not in reported]
        self.known |= learn(self.known, shape, reported, natural)
        self._before = shape
        return [f"{change.path} {change.change}" for change in reported]

    def see_all(self, payloads: Iterable[Any]) -> list[str]:
        """What these payloads report, one after the other."""
        return [change for payload in payloads for change in self.see(payload)]


def listings(count: int = 20, **changes: object) -> list[dict[str, Any]]:
    return [{"id": number, "price": {"amt": 10.5}, "row": "A", "seats": [1, 2]} | changes for number in range(count)]


def without(payload: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    return [{name: value for name, value in item.items() if name != key} for item in payload]


@pytest.fixture(scope="module")
def recorded(samples_dir: Path) -> dict[str, list[Any]]:
    """Real payloads by marketplace, in order."""
    game = sorted((samples_dir / "replay" / "nba_game7").glob("*.json"))
    vivid = json.loads((samples_dir / "vividseats" / "hermes_listings_5990417_excerpt.json").read_bytes())
    found = json.loads((samples_dir / "ticketmaster" / "events_search_atakanteko.json").read_bytes())
    return {
        "stubhub": [json.loads(file.read_bytes()) for file in game],
        "vivid_seats": [vivid] * 4,
        "ticketmaster": found["_embedded"]["events"],
    }


def test_a_real_recording_reports_nothing(recorded: dict[str, list[Any]]) -> None:
    assert Watcher().see_all(recorded["stubhub"]) == []
    assert Watcher().see_all(recorded["vivid_seats"]) == []


def test_different_events_of_ticketmaster_report_nothing(recorded: dict[str, list[Any]]) -> None:
    events = recorded["ticketmaster"]
    assert len(events) == 20
    watcher = Watcher(fewest=3)
    for polled in (events[:10], events[10:], events[5:15], *([event] for event in events)):
        watcher.see(*polled)
    assert [change for event in events for change in watcher.see(event, before=event)] == []


def _items(payload: Any, marketplace: str) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON is anything
    return payload["tickets"] if marketplace == "vivid_seats" else payload


FIELDS = {
    "stubhub": ("[].", "section", "availableTickets"),
    "vivid_seats": ("tickets[].", "aip", "q"),
    "ticketmaster": ("", "dates", "name"),
}


@pytest.mark.parametrize("marketplace", FIELDS)
@pytest.mark.parametrize("kind", ["added", "missing", "retyped", "renamed"])
def test_one_poll_names_the_field(recorded: dict[str, list[Any]], marketplace: str, kind: str) -> None:
    where, field, other = FIELDS[marketplace]
    watcher, now = Watcher(fewest=1 if where else 3), copy.deepcopy(recorded[marketplace])
    polls = [now] * 4 if not where else [[payload] for payload in now[:4]]
    for poll in polls:
        assert watcher.see(*poll) == []
    edits: dict[str, Edit] = {
        "added": lambda item: item.update(loyaltyTier="gold"),
        "missing": lambda item: item.pop(field),
        "retyped": lambda item: item.update({other: {"value": 1}}),
        "renamed": lambda item: item.update({f"{field}V2": item.pop(field)}),
    }
    changed = copy.deepcopy(polls[-1])
    for item in changed if not where else _items(changed[0], marketplace):
        edits[kind](item)
    expected = {
        "added": [f"{where}loyaltyTier added"],
        "missing": [f"{where}{field} missing"],
        "retyped": [f"{where}{other} retyped"],
        "renamed": [f"{where}{field} missing", f"{where}{field}V2 added"],
    }
    assert watcher.see(*changed) == expected[kind]
    assert watcher.see(*changed) == []


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(listings(row=None), id="null instead of a text"),
        pytest.param(listings(price={"amt": 11}), id="a whole number instead of a broken one"),
        pytest.param([], id="an empty market"),
        pytest.param(without(listings(9), "row"), id="a field that few listings lack"),
        pytest.param([*listings(), {"id": 1, "note": "one of many"}], id="a field that few listings have"),
        pytest.param([*listings(19), *listings(1, id="text")], id="one listing of another type"),
        pytest.param(listings(seats=[]), id="an empty list"),
    ],
)
def test_what_differs_by_nature_is_no_change(payload: list[Any]) -> None:
    watcher = Watcher()
    assert watcher.see_all([listings()] * 4 + [payload, listings()]) == []


def test_a_field_that_is_often_absent_is_never_missed() -> None:
    half = [*listings(10), *without(listings(10), "row")]
    assert Watcher().see_all([listings(), half, half, half, without(listings(), "row")]) == []


def test_a_field_that_one_event_never_had_is_not_missed() -> None:
    watcher, standing = Watcher(), without(listings(), "row")
    watcher.see_all([listings()] * 4)
    assert watcher.see(standing, before=standing) == []


def test_few_listings_add_up_until_they_are_no_accident() -> None:
    watcher, few = Watcher(), without(listings(4), "row")
    watcher.see_all([listings()] * 4)
    assert [watcher.see(few, before=listings()) for _ in range(3)] == [[], [], ["[].row missing"]]


def test_a_field_that_is_back_is_reported_and_so_is_its_next_absence() -> None:
    watcher, gone = Watcher(), without(listings(), "row")
    watcher.see_all([listings()] * 4)
    steps = [watcher.see(one) for one in (gone, gone, listings(), listings(), listings(), gone)]
    assert steps == [["[].row missing"], [], ["[].row added"], [], [], ["[].row missing"]]


def test_an_object_is_one_change_and_not_one_per_field() -> None:
    watcher = Watcher()
    watcher.see_all([listings()] * 4)
    assert watcher.see(listings(fees={"amt": 1, "parts": [{"name": "service"}]})) == ["[].fees added"]
    assert watcher.see(listings(fees={"amt": 1, "parts": [{"name": "service"}]}, price=1)) == ["[].price retyped"]


def test_ids_as_keys_are_one_path() -> None:
    payload = {"byId": {f"VB{number}": {"price": 1} for number in range(10_000, 10_300)}, "of": {"8837291": 1}}
    assert set(measure_shape([payload])) == {"", "byId", "byId.*", "byId.*.price", "of", "of.*"}


def test_no_value_is_part_of_a_shape() -> None:
    shape = measure_shape([listings(buyer="Jane Doe", mail="jane@example.com")])
    assert "Jane" not in repr(shape)
    assert "example" not in repr(shape)
