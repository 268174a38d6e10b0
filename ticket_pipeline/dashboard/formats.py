"""Values as text for a page: the filters of the templates. They format; they add nothing up."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from markupsafe import Markup

from ticket_pipeline.market.vocabulary import FeeBasis, Marketplace

NOTHING = "\N{EN DASH}"
"""Stands where there is no value: never 0, never an empty cell."""

_FEES = {FeeBasis.ALL_IN: "all-in", FeeBasis.ASK: "before fees"}
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


def text(value: object) -> str:
    """Anything as text without control characters; it is escaped where it is shown."""
    if value is None or value == "":
        return NOTHING
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(value))


def money(amount: Decimal | None) -> str:
    """An amount; its currency stands beside it or in the heading."""
    return NOTHING if amount is None else f"{amount:,.2f}"


def figure(shown: str | None) -> str:
    """A number that has its digits already."""
    return shown or NOTHING


def count(number: float | Decimal | None) -> str:
    """A whole number with thousands separated; a fraction is rounded."""
    return NOTHING if number is None else f"{number:,.0f}"


def share(part: float | Decimal | None) -> str:
    """A share of one as percent."""
    return NOTHING if part is None else f"{part * 100:.1f} %"


def seconds(number: float | None) -> str:
    """Seconds to a hundredth."""
    return NOTHING if number is None else f"{number:.2f} s"


def change(percent: Decimal | None) -> str | Markup:
    """A change in percent, with an arrow: colour alone says nothing."""
    if percent is None:
        return NOTHING
    arrow, kind = (
        ("\N{BLACK UP-POINTING TRIANGLE}", "up") if percent > 0 else ("\N{BLACK DOWN-POINTING TRIANGLE}", "down")
    )
    if not round(percent, 1):
        return "0.0 %"
    return Markup('<span class="{}">{} {:.1f} %</span>').format(kind, arrow, abs(percent))


def state(words: str | None) -> str | Markup:
    """A state, which stands out, and what there is to say about it after a comma or colon."""
    if not words:
        return NOTHING
    word, *more = re.split("[,:] ", words, maxsplit=1)
    mark = Markup('<span class="health {}">{}</span> {}')
    return mark.format(word.replace(" ", "-"), word, "".join(more)).rstrip()


def moment(at: datetime | None, timezone: str = "UTC") -> str | Markup:
    """A moment; the script of the page shows how long ago it was instead, and this on hovering."""
    if at is None:
        return NOTHING
    return Markup('<time datetime="{}">{}</time>').format(
        at.astimezone(UTC).isoformat(timespec="seconds"), clock(at, timezone)
    )


def clock(at: datetime | None, timezone: str = "UTC") -> str:
    """A moment on the clock of a zone, which is named."""
    return NOTHING if at is None else f"{at.astimezone(ZoneInfo(timezone)):%d %b %Y, %H:%M %Z}"


def day(on: date | None) -> str:
    """A day on the calendar."""
    return NOTHING if on is None else f"{on:%d %b %Y}"


def duration(length: timedelta | None) -> str:
    """A length of time in its largest unit."""
    if length is None:
        return NOTHING
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (timedelta(minutes=1), "min")):
        if length >= unit:
            return f"{length / unit:.0f} {name}"
    return f"{length.total_seconds():.0f} s"


def days(number: Decimal | None) -> str:
    """Days to an event, in whole ones that are left, as everywhere else."""
    if number is None:
        return NOTHING
    if number < 0:
        return "over"
    return f"{int(number)} d" if number >= 2 else f"{int(number * 24)} h"  # noqa: PLR2004 - hours on the last two days


def label(marketplace: str | None) -> str:
    """A marketplace as people write it."""
    return NOTHING if marketplace is None else Marketplace(marketplace).traits.label


def fees(basis: str | None) -> str:
    """Which price it is."""
    return NOTHING if basis is None else _FEES[FeeBasis(basis)]


def unit(currency: str | None, basis: str | None) -> str | None:
    """What a price is in; None where there is none."""
    return currency and f"{currency}, {fees(basis)}"


FILTERS: dict[str, Callable[..., str]] = {
    filter_.__name__: filter_
    for filter_ in (
        text,
        money,
        figure,
        count,
        share,
        seconds,
        change,
        state,
        moment,
        clock,
        day,
        duration,
        days,
        label,
        fees,
    )
}
