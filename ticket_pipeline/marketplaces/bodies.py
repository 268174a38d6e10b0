"""The two ends of every parser: from bytes to JSON, and from columns with their problems to `ParsedListings`."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from itertools import compress
from typing import TYPE_CHECKING, Any

import orjson

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.http.scrubbing import excerpt
from ticket_pipeline.market.vocabulary import ParsedListings, RejectedListing

if TYPE_CHECKING:
    from ticket_pipeline.marketplaces.values import Problems

_MOST_NAMED = 3
_NAMED_CHARACTERS = 200
_NOT_AN_OBJECT = "the listing is not a JSON object"


def read_json(body: bytes, whose: str) -> Any:  # noqa: ANN401 - JSON is anything
    """Read a body of the marketplace with this label; UnexpectedPayload where it is not complete JSON."""
    try:
        return orjson.loads(body)
    except ValueError:
        pass
    try:
        # The standard reader accepts what orjson rejects as a whole: a lone surrogate, NaN or 1e999 in one listing, a
        # byte order mark. Then that listing alone is rejected.
        return json.loads(body)
    except (ValueError, RecursionError):
        raise UnexpectedPayload(
            f"The response of {whose} is not complete JSON: {len(body)} bytes that begin {excerpt(body)!r}. Nothing is "
            "stored; retried at the next poll.",
            status=200,
        ) from None


def check_subject(about: Collection[str], asked: str, whose: str) -> None:
    """Reject a response about another event than the requested one: its prices would be stored under a wrong name.

    Args:
        about: the ids of the events that the response names, if any.
        asked: the requested id.
        whose: the marketplace.
    """
    others = sorted(set(about) - {asked})
    if others:
        named = ", ".join(others[:_MOST_NAMED])[:_NAMED_CHARACTERS]
        raise UnexpectedPayload(
            f"The response of {whose} for event {asked} is about {named}; nothing is stored. If {whose} has given the "
            "event a new id, put that one into the watchlist.",
            status=200,
        )


def part_objects(items: Sequence[Any]) -> tuple[list[int], list[dict[str, Any]], list[RejectedListing]]:
    """The items that are JSON objects with their positions, and the others as rejected."""
    positions = [position for position, item in enumerate(items) if isinstance(item, dict)]
    if len(positions) == len(items):
        return positions, list(items), []
    rejected = [
        RejectedListing(position, item, (_NOT_AN_OBJECT,))
        for position, item in enumerate(items)
        if not isinstance(item, dict)
    ]
    return positions, [items[position] for position in positions], rejected


def build_parsed(
    items: Sequence[Any],
    positions: list[int],
    columns: dict[str, list[Any]],
    problems: Problems,
    rejected: list[RejectedListing],
    checksum_problems: tuple[str, ...] | None = None,
) -> ParsedListings:
    """Reject the rows that lack an essential field; `len(positions) + len(rejected) == received` then holds.

    Args:
        items: as received.
        positions: for each row of `columns`, its index in `items`.
        columns: of `LISTING_COLUMNS`, any value in rows that are rejected, None where another field is unknown.
        problems: of the rows.
        rejected: those known already.
        checksum_problems: see `ParsedListings`.
    """
    unknown = {positions[row]: why for row, why in problems.unknown.items()}
    if problems.rejects:
        rejected += [
            RejectedListing(position := positions[row], items[position], (*why, *unknown.pop(position, ())))
            for row, why in problems.rejects.items()
        ]
        rejected.sort(key=lambda one: one.position)
        is_good = [row not in problems.rejects for row in range(len(positions))]
        positions = list(compress(positions, is_good))
        columns = {name: list(compress(values, is_good)) for name, values in columns.items()}
    return ParsedListings(items, positions, columns, rejected, checksum_problems, unknown=unknown)
