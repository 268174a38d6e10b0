"""The charts of an event's page, from the answers of queries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

from ticket_pipeline.charts import Band, Chart, Line, Mark, TimeAxis
from ticket_pipeline.dashboard.formats import fees, label
from ticket_pipeline.ingest.poll import build_cadence
from ticket_pipeline.queries.prices import PriceBucket, PriceSeries, price_history

if TYPE_CHECKING:
    from ticket_pipeline.charts.chart import Value
    from ticket_pipeline.dashboard.question import Question

_PATIENCE = 2
"""Polls missed before an empty time is a gap: jitter alone makes an interval half as long again."""

_MARKET_STYLES = (1, 4, 5, 2, 6, 3)


def charts_over_time(question: Question) -> dict[str, Chart]:
    """Prices at each marketplace; then the marketplaces beside each other, and what is for sale."""
    history = read_history(question)
    if not history:
        return {}
    starts = [series.buckets[0].bucket_at for series in history]
    axis = TimeAxis(min(starts), max(question.end, max(starts) + question.bucket), question.event.timezone)
    charts = {f"prices-{one.marketplace}": _prices(question, one, axis) for one in history}
    if len(history) > 1 and len({(one.currency, one.fee_basis) for one in history}) == 1:
        lines = _by_market(question, history, lambda bucket: bucket.get_in_prices[question.together - 1])
        title = f"Get-in for {question.together}, side by side"
        charts["markets"] = Chart(title=title, unit=unit_of(history[0]), x=axis, lines=lines)
    tickets = _by_market(question, history, lambda bucket: bucket.tickets)
    charts["tickets"] = Chart(title="For sale", unit="tickets", x=axis, lines=tickets, decimals=0)
    return charts


def read_history(question: Question) -> list[PriceSeries]:
    """Prices over the window: of each marketplace the series of the fees asked for, else that with the newest price."""
    history = price_history(
        question.board.database,
        question.event.event_id,
        span=question.span,
        bucket=question.bucket,
        timezone=question.event.timezone,
        marketplace=question.market,
        zone=question.zone,
    )
    return [_choose(list(group), question.fees) for _, group in groupby(history, key=lambda one: one.marketplace)]


def unit_of(series: PriceSeries) -> str:
    """What the prices of a series are in."""
    return f"{series.currency or 'no currency'} per ticket, {fees(series.fee_basis)}"


def _choose(series: Sequence[PriceSeries], basis: str | None) -> PriceSeries:
    def newest(one: PriceSeries) -> datetime:
        return max((each.bucket_at for each in one.buckets if each.median_price), default=one.buckets[0].bucket_at)

    return max([one for one in series if one.fee_basis == basis] or series, key=newest)


def _prices(question: Question, series: PriceSeries, axis: TimeAxis) -> Chart:
    buckets = {one.bucket_at: one for one in _expected(question, series.buckets)}
    place = question.together - 1
    return Chart(
        title=f"{label(series.marketplace)}{'' if question.zone == '*' else f', {question.zone}'}",
        unit=unit_of(series),
        x=axis,
        lines=[
            Line("Floor", {at: one.floor_price for at, one in buckets.items()}, 1),
            Line(f"Get-in for {place + 1}", {at: one.get_in_prices[place] for at, one in buckets.items()}, 2),
            Line("Median", {at: one.median_price for at, one in buckets.items()}, 3),
        ],
        band=Band(
            "Middle half",
            {at: one.p25_price for at, one in buckets.items()},
            {at: one.p75_price for at, one in buckets.items()},
        ),
        marks=list(_marks(list(buckets.values()))),
    )


def _by_market(question: Question, history: Sequence[PriceSeries], value: Callable[[PriceBucket], Value]) -> list[Line]:
    return [
        Line(label(one.marketplace), {each.bucket_at: value(each) for each in _expected(question, one.buckets)}, style)
        for one, style in zip(history, _MARKET_STYLES, strict=False)
    ]


def _expected(question: Question, buckets: Sequence[PriceBucket]) -> Iterator[PriceBucket]:
    """The buckets without those in which no poll was to be expected: between two polls of an event that is far away."""
    cadence = build_cadence(question.board.settings)
    for is_gap, run in groupby(buckets, key=lambda one: one.is_gap):
        joined = list(run)
        first = joined[0].bucket_at
        interval = cadence.interval(question.event.event_at - first, question.event.sheet_interval)
        if not is_gap or interval is None or len(joined) * question.bucket > _PATIENCE * interval:
            yield from joined


def _marks(buckets: Sequence[PriceBucket]) -> Iterator[Mark]:
    """One mark for each run of buckets with suspects, and for each without a capture whose attempts failed."""
    for kind, run in groupby(buckets, key=_kind):
        joined = list(run)
        if kind == "suspect":
            count = sum(one.suspect_snapshots for one in joined)
            yield Mark(joined[0].bucket_at, "suspect", f"{count} suspect capture{'s' * (count > 1)}, left out")
        elif kind == "failed":
            count = sum(one.failed_attempts for one in joined)
            yield Mark(joined[0].bucket_at, "failed", f"{count} failed attempt{'s' * (count > 1)}, no capture")


def _kind(bucket: PriceBucket) -> str:
    if bucket.suspect_snapshots:
        return "suspect"
    return "failed" if bucket.failed_attempts and not bucket.snapshots else ""
