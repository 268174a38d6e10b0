"""From a number to how it was made: the page of the captures that it is of, each of which names its run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ticket_pipeline.dashboard.tables import NO_LINK, Column

if TYPE_CHECKING:
    from ticket_pipeline.dashboard.pages import Board
    from ticket_pipeline.dashboard.question import Question


def captures_of(event_id: int | None, marketplace: str | None, at: datetime | None) -> str | None:
    """The page of captures of an event at a marketplace (`*`: at all), which begins with that of a moment."""
    if event_id is None or at is None:
        return None
    query = {"at": at.astimezone(UTC).isoformat()} | ({"market": str(marketplace)} if marketplace != "*" else {})
    return f"/events/{event_id}/captures?{urlencode(query)}"


def captures_url(question: Question, at: datetime | None, marketplace: str) -> str | None:
    """The page of captures of a marketplace, which begins with that of a moment."""
    return (
        None
        if at is None
        else question.address("/captures", at=at.astimezone(UTC).isoformat(), market=str(marketplace))
    )


def made_at(question: Question, at: Callable[[Any], datetime | None]) -> Callable[[Any], str | None]:
    """How to get from a row to the capture that its numbers are of; a zone's own, where the row has one."""

    @cache  # many numbers are of one capture
    def url(moment: datetime | None, marketplace: str) -> str | None:
        return captures_url(question, moment, marketplace)

    def link(row: Any) -> str | None:  # noqa: ANN401 - any row
        return url(at(row), row.marketplace)

    return link


def linked(columns: Sequence[Column], link: Callable[[Any], str | None]) -> list[Column]:
    """Every number without a link of its own, and the moment that they are of, lead to how they were made."""
    return [
        replace(one, link=link) if one.link is NO_LINK and (one.is_number or one.show == "moment") else one
        for one in columns
    ]


def made_by(board: Board, asset: str, columns: Sequence[Column]) -> list[Column]:
    """Numbers that an asset makes lead to its page in Dagster."""
    return linked(columns, constant(board.asset_url(asset)))


def constant(url: str | None) -> Callable[[Any], str | None]:
    """One address for all rows."""
    return lambda _: url
