"""Muting alerts from their page: the only thing that the dashboard writes.

The guard (`web_guard`) lets only our own pages send the form, behind the password where there is one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl

from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from ticket_pipeline.errors import StorageError
from ticket_pipeline.storage.alerts import mute_alert

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from ticket_pipeline.dashboard.pages import Board
    from ticket_pipeline.queries.alerts import AlertStanding

_LONGEST_FORM, _DIGITS = 1000, 15
_MAY_ONLY_READ = frozenset({"42501", "25006"})
"""The states of SQL where a right is missing, and where a session is read-only."""

_READ_ONLY = (
    "Nothing was muted: the database user of the dashboard may only read. Mute with `ticket-pipeline alerts mute` as a "
    "user who may write, or grant this one update on alert_states."
)


class _Choice(NamedTuple):
    words: str
    span: timedelta | None = None
    is_until_resolved: bool = False


_CHOICES = {
    "day": _Choice("24 h", timedelta(days=1)),
    "over": _Choice("Until over", is_until_resolved=True),
    "no": _Choice("Unmute"),
}
"""By what the form says."""


def mute_form(one: AlertStanding) -> Markup | None:
    """Buttons for one rule and event."""
    if one.event_id is None:
        return None
    buttons = [
        Markup('<button name="mute" value="{}" class="quiet">{}</button>').format(name, _CHOICES[name].words)
        for name in (["no"] if one.is_muted else ["day", "over"])
    ]
    return Markup(
        '<form method="post" action="/alerts/mute" class="mute" aria-label="{}">'
        '<input type="hidden" name="rule" value="{}"><input type="hidden" name="event" value="{}">{}</form>'
    ).format(f"Mute {one.alert} for {one.name}", one.rule_id, one.event_id, Markup(" ").join(buttons))


async def mute(board: Board, request: Request) -> Response:
    """Mute a rule for an event, or end that; then back to the page."""
    body = await request.body()
    values = dict(parse_qsl(body.decode("utf-8", "replace"))) if len(body) <= _LONGEST_FORM else {}
    choice = _CHOICES.get(values.get("mute", ""))
    rule_id, event_id = (_number(values.get(name, "")) for name in ("rule", "event"))
    if board.writing is None or choice is None or rule_id is None or event_id is None:
        raise HTTPException(400, "Nothing was muted: the form was not that of the alerts page.")
    until = board.clock() + choice.span if choice.span else None
    try:
        await run_in_threadpool(
            mute_alert, board.writing, rule_id, event_id=event_id, until=until, until_resolved=choice.is_until_resolved
        )
    except StorageError as error:
        if getattr(error.__cause__, "sqlstate", None) in _MAY_ONLY_READ:
            raise HTTPException(403, _READ_ONLY) from error
        raise
    return RedirectResponse("/alerts#alerts", 303)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None
