"""`event-details`: an event as Ticketmaster describes it, and what changed about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Any

from ticket_pipeline.cli.advice import advise
from ticket_pipeline.cli.formats import NOTHING, ago, count, local_time, plain, utc_now
from ticket_pipeline.cli.options import Days, EventKey
from ticket_pipeline.cli.output import Output, with_formats
from ticket_pipeline.cli.session import choose_event, identify, open_migrated
from ticket_pipeline.cli.tables import note, show, table_of
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.queries.event_details import Change, EventDescription, find_changes, read_event_descriptions
from ticket_pipeline.settings.model import load_settings

if TYPE_CHECKING:
    from rich.table import Table

    from ticket_pipeline.queries.events import WatchedEvent


@with_formats
def event_details(event: EventKey, *, days: Days = 30, output: Output) -> None:
    """Show an event as Ticketmaster describes it: status, start, published price ranges, and each change of them.

    Most events have no published price; that is not a failure.

        ticket-pipeline event-details glass orchard
    """
    this_moment = utc_now()
    with open_migrated(load_settings()) as database:
        sources = choose_event(database, event, None)
        history = read_event_descriptions(database, sources[0].event_id, this_moment - timedelta(days=days))
        own = [one for one in sources if one.marketplace is Marketplace.TICKETMASTER]
        advice = _why_nothing(sources[0], days, advise(database, own[0], this_moment, days=days) if own else None)
    chosen = sources[0]
    rows = (({"event_id": chosen.event_id}, one) for one in history)
    if output.write({"event": identify(sources), "captures": history}, rows, if_empty=advice):
        return
    if not history:
        note(advice)
    else:
        latest, changes = history[-1], list(find_changes(history))
        show(f"{plain(latest.name)} ({plain(latest.external_id)}) at Ticketmaster", *_facts(chosen, latest))
        show(f"Prices {_shown(latest.price_ranges)}." if latest.price_ranges else "No price is published.")
        show(_changes_table(chosen, changes) if changes else "Nothing changed.")
        captures = "1 capture" if len(history) == 1 else f"{count(len(history))} captures"
        show(f"{captures} in {days} days, the newest {ago(latest.captured_at, this_moment)}.")


def _why_nothing(event: WatchedEvent, days: int, advice: str | None) -> str:
    if advice is None:
        return f"{plain(event.name)} has no Ticketmaster id in the watchlist. Find it: ticket-pipeline match"
    return f"No details of {plain(event.name)} were captured at Ticketmaster in {days} days. {advice}"


def _facts(event: WatchedEvent, latest: EventDescription) -> Iterator[str]:
    place = ", ".join(plain(part) for part in (latest.venue, latest.city, latest.country) if part)
    start = show_start(latest.local_date, latest.local_time, " ")
    yield f"Status {plain(latest.status or 'unknown')}; {start}; {place or 'no venue'}."
    if latest.is_test:
        yield "A test event of Ticketmaster: nothing is sold."
    if latest.on_sale_at is not None:
        yield f"On sale from {local_time(latest.on_sale_at, latest.timezone or event.timezone)}."
    if latest.url:
        yield plain(latest.url)
    if latest.problems:
        yield f"Problems of the response: {plain('; '.join(latest.problems))}."


def show_start(day: date | None, time_of_day: time | None, separator: str) -> str:
    """A start as Ticketmaster publishes it; date and time may each be open."""
    return f"{day or 'date open'}{separator}{f'{time_of_day:%H:%M}' if time_of_day else 'time open'}"


def _changes_table(event: WatchedEvent, changes: Sequence[Change]) -> Table:
    return table_of(
        changes,
        {
            "Seen": lambda one: local_time(one.seen_at, event.timezone),
            "What": lambda one: plain(one.what),
            "Before": lambda one: _shown(one.before),
            "Since then": lambda one: _shown(one.after),
        },
    )


def _shown(value: Any) -> str:  # noqa: ANN401 - a value of any of the compared columns
    if isinstance(value, list):
        ranges = ("{min_price} to {max_price} {currency} ({price_type})".format_map(each) for each in value)
        return plain("; ".join(ranges)) or NOTHING
    return plain(value)
