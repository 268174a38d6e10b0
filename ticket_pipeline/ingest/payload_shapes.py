"""Watch the shape of the responses of each poll, and report the fields that the marketplace changed.

Of a group of responses with listings the largest is looked at, so that it costs little; of those that describe a single
event each, all. A response that could not be read is looked at, too: it shows what changed.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from ticket_pipeline.errors import StorageError, UnexpectedPayload
from ticket_pipeline.market.payload_shapes import (
    FieldChange,
    Shape,
    find_changes,
    holds_for_event,
    learn,
    measure_shape,
    sample,
)
from ticket_pipeline.marketplaces.bodies import read_json
from ticket_pipeline.storage.payload_shapes import (
    lock_fields,
    read_fields,
    read_previous_bodies,
    write_changes,
    write_fields,
)

if TYPE_CHECKING:
    from ticket_pipeline.ingest.results import Fetched
    from ticket_pipeline.market.vocabulary import Marketplace, RawResponse
    from ticket_pipeline.storage.database import Database, Transaction

_log = logging.getLogger(__name__)

_LONG = 8_000
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])

_FEWEST_EVENTS = 3
"""Where a response describes one event: what that event lost says little, what several lost at once says much."""


def watch_shape(database: Database, marketplace: Marketplace, group: Sequence[Fetched]) -> list[FieldChange]:
    """Look at the shape of a stored group of responses; returns how it changed, stored and logged.

    It never fails a poll: where the database refuses, the next poll looks again.
    """
    seen = [(one.event.event_id, one.response) for one in group if one.response is not None and one.response.tries]
    if marketplace.has_listings:
        seen = sorted(seen, key=lambda one: -len(one[1].body))[:1]
    try:
        return _watch(database, marketplace, seen)
    except StorageError as error:
        _log.warning("%s: the shape of the payload was not looked at: %s", marketplace, error)
        return []


def _watch(database: Database, marketplace: Marketplace, seen: Sequence[tuple[int, RawResponse]]) -> list[FieldChange]:
    shape = _shape_of([response.body for _, response in seen], marketplace)
    fewest = 1 if marketplace.has_listings else _FEWEST_EVENTS
    known = read_fields(database, marketplace)
    if not shape or (known and not find_changes(known, shape, fewest=fewest) and not learn(known, shape, [], [])):
        return []
    with database.transaction(f"record the shape of the payload of {marketplace}") as transaction:
        lock_fields(transaction)
        known = read_fields(transaction, marketplace)
        found = find_changes(known, shape, fewest=fewest)
        before = _shape_before(transaction, marketplace, seen) if found else {}
        if before is None:
            return []
        reported = [change for change in found if not before or holds_for_event(change, before)]
        natural = [change for change in found if change not in reported]
        _, newest = seen[0]
        moment = newest.captured_at
        write_fields(transaction, marketplace, learn(known, shape, reported, natural), moment)
        if reported:
            write_changes(
                transaction, marketplace, reported, event_id=seen[0][0], captured_at=moment, this_moment=moment
            )
    for change in reported:
        _log.warning("%s changed its payload: %s", marketplace, change)
    return reported


def _shape_before(
    transaction: Transaction, marketplace: Marketplace, seen: Sequence[tuple[int, RawResponse]]
) -> Shape | None:
    """The shape of the captures before these; empty where their bodies are not kept, None where there are none.

    The first capture of an event cannot say what changed.
    """
    captures = [(event_id, response.captured_at) for event_id, response in seen]
    bodies = read_previous_bodies(transaction, marketplace, captures)
    return _shape_of([body for body in bodies if body is not None], marketplace) if bodies else None


def _shape_of(bodies: Sequence[bytes], marketplace: Marketplace) -> Shape:
    """The shape of bodies together; those that are no JSON say nothing."""
    found: list[Any] = []
    for body in bodies:
        with suppress(UnexpectedPayload):
            found.append(_read(body, marketplace))
    return measure_shape(found) if found else {}


def _read(body: bytes, marketplace: Marketplace) -> Any:  # noqa: ANN401 - JSON is anything
    try:
        return _read_sample(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return read_json(body, marketplace.traits.label)


def _read_sample(text: bytes) -> Any:  # noqa: ANN401 - JSON is anything
    """JSON with a sample of the items of its long lists: a fifth of the time that all of a large body takes."""
    if len(text) > _LONG:
        if text.lstrip().startswith(b"["):
            return [_read_sample(bytes(item)) for item in sample(_LIST.decode(text))]
        if text.lstrip().startswith(b"{"):
            return {name: _read_sample(bytes(value)) for name, value in _OBJECT.decode(text).items()}
    return msgspec.json.decode(text)
