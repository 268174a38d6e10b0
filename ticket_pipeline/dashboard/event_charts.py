"""The charts of an event's page, from the answers of queries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from statistics import median
from typing import TYPE_CHECKING, Any, TypeVar

from ticket_pipeline.charts import Band, Bars, Chart, DaysAxis, Line, Mark, TimeAxis
from ticket_pipeline.dashboard.formats import fees, label
from ticket_pipeline.queries.prices import PriceBucket, PriceSeries, price_history
from ticket_pipeline.queries.sales import estimated_sales
from ticket_pipeline.queries.similar_events import CurvePoint, CurveSeries, Percentile, get_in_curve, percentile_of_now
from ticket_pipeline.storage.prices import DAY, HOUR

if TYPE_CHECKING:
    from ticket_pipeline.charts.chart import Value
    from ticket_pipeline.dashboard.question import Question

_Series = TypeVar("_Series", PriceSeries, CurveSeries)

_PATIENCE = 3
"""Usual distances of polls before an empty time is a gap: jitter alone makes one half as long again."""

_NEIGHBOURS = 5

_MARKET_STYLES = (1, 4, 5, 2, 6, 3)


def draw_charts(question: Question) -> dict[str, Chart]:
    """The charts by name: prices at each marketplace first."""
    return _over_days(question) if question.by_days else _over_time(question)


def _over_time(question: Question) -> dict[str, Chart]:
    """Prices at each marketplace; then the marketplaces beside each other, and what is for sale."""
    history = read_history(question)
    if not history:
        return {}
    starts = [series.buckets[0].bucket_at for series in history]
    axis = TimeAxis(min(starts), max(question.end, max(starts) + question.bucket), question.event.timezone)
    charts = {f"prices-{one.marketplace}": _prices(question, one, axis) for one in history}
    if len(history) > 1 and len({(one.currency, one.fee_basis) for one in history}) == 1:
        place = question.together - 1
        lines = _by_market(
            history, lambda bucket: bucket.get_in_prices[place], lambda bucket: bucket.get_ins_are_thin[place]
        )
        title = f"Get-in for {question.together}, side by side"
        thin: dict[Any, str] = {}
        for line in lines:
            for at in line.thin:
                thin[at] = f"{thin[at]}, {line.name}" if at in thin else f"thin: {line.name}"
        charts["markets"] = Chart(title=title, unit=unit_of(history[0]), x=axis, lines=lines, remarks=thin)
    tickets = _by_market(history, lambda bucket: bucket.tickets)
    charts["tickets"] = Chart(title="For sale", unit="tickets", x=axis, lines=tickets, decimals=0)
    return charts | _sales(question)


def _sales(question: Question) -> dict[str, Chart]:
    """Estimated sales of each marketplace by day (by hour in the last day), with the range of 8 in 10 cases."""
    by, timezone = (HOUR if question.days == 1 else DAY), question.event.timezone
    found = estimated_sales(
        question.board.database,
        question.event.event_id,
        span=question.span,
        timezone=timezone,
        by=by,
        marketplace=question.market,
        zone=question.zone,
    )
    charts = {}
    for marketplace, own in groupby(found, lambda one: one.marketplace):
        buckets = {one.bucket_at: one for one in own}
        bars = Bars(
            "Sold",
            {at: one.tickets for at, one in buckets.items()},
            {at: one.low_tickets for at, one in buckets.items()},
            {at: one.high_tickets for at, one in buckets.items()},
        )
        axis = TimeAxis(min(buckets), max(buckets) + by, timezone)
        title, unit = f"Estimated sales, {label(marketplace)}", f"tickets per {'hour' if by == HOUR else 'day'}"
        charts[f"sales-{marketplace}"] = Chart(title=title, unit=unit, x=axis, bars=bars, decimals=1)
    return charts


def _over_days(question: Question) -> dict[str, Chart]:
    """Prices at each marketplace by days to the event, and the way that the floor of past events of its kind took."""
    database, event_id, where = question.board.database, question.event.event_id, question.market
    days = question.days + max(
        0, (question.event.event_at - question.now).days
    )  # the window ends now, not at the start
    curves = get_in_curve(
        database, event_id, this_moment=question.now, days=days, marketplace=where, zone=question.zone
    )
    past = percentile_of_now(database, event_id, this_moment=question.now, marketplace=where)
    kinds: dict[tuple[str | None, ...], Percentile] = {
        (one.marketplace, one.currency, one.fee_basis): one for one in past if question.zone == "*"
    }
    chosen = _choose_each(curves, question.fees, lambda one: -min(_known(one.points, "days_to_event"), default=0))
    return {
        f"prices-{one.marketplace}": _curve(question, one, kinds.get((one.marketplace, one.currency, one.fee_basis)))
        for one in chosen
    }


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
    return _choose_each(
        history, question.fees, lambda one: max(_known(one.buckets, "bucket_at"), default=question.span.start)
    )


def unit_of(series: PriceSeries | CurveSeries) -> str:
    """What the prices of a series are in."""
    return f"{series.currency or 'no currency'} per ticket, {fees(series.fee_basis)}"


def _choose_each(series: Sequence[_Series], basis: str | None, newest: Callable[[_Series], Any]) -> list[_Series]:
    """One series of each marketplace."""
    by_market = [list(group) for _, group in groupby(series, key=lambda one: one.marketplace)]
    return [max([one for one in group if one.fee_basis == basis] or group, key=newest) for group in by_market]


def _known(points: Sequence[Any], position: str) -> list[Any]:
    return [getattr(one, position) for one in points if one.median_price is not None]


def _price_lines(question: Question, points: Mapping[Any, Any]) -> list[Line]:
    place, thin = question.together - 1, _thin(question, points)
    return [
        Line("Floor", {at: one.floor_price for at, one in points.items()}, 1),
        Line(f"Get-in for {place + 1}", {at: one.get_in_prices[place] for at, one in points.items()}, 2, thin),
        Line("Median", {at: one.median_price for at, one in points.items()}, 3),
    ]


def _prices(question: Question, series: PriceSeries, axis: TimeAxis) -> Chart:
    buckets = {one.bucket_at: one for one in _expected(series.buckets)}
    return Chart(
        title=_title(question, series),
        unit=unit_of(series),
        x=axis,
        lines=_price_lines(question, buckets),
        band=Band(
            "Middle half",
            {at: one.p25_price for at, one in buckets.items()},
            {at: one.p75_price for at, one in buckets.items()},
        ),
        marks=list(_marks(list(buckets.values()))),
        remarks=_thin(question, buckets),
    )


def _curve(question: Question, curve: CurveSeries, past: Percentile | None) -> Chart:
    points = {one.days_to_event: one for one in curve.points}
    lines, band = _price_lines(question, points), None
    if past is not None and past.price_band:
        low, middle, high = ({days: prices[n] for days, prices in past.price_band.items()} for n in range(3))
        events = sorted({one.events for one in past.band})
        few, many = events[0], events[-1]
        number = f"{few}" if few == many else f"{few} to {many}"
        lines.append(Line(f"Floor of {number} past events, median", middle, 6))
        band = Band("their middle half", low, high)
    return Chart(
        title=_title(question, curve),
        unit=unit_of(curve),
        x=DaysAxis(max(points)),
        lines=lines,
        band=band,
        remarks=_thin(question, points),
    )


def _thin(question: Question, points: Mapping[Any, PriceBucket | CurvePoint]) -> dict[Any, str]:
    """Where the get-in price stands alone."""
    place = question.together - 1
    text = f"Get-in for {question.together} is thin"
    return {at: text for at, one in points.items() if one.get_ins_are_thin[place]}


def _title(question: Question, series: PriceSeries | CurveSeries) -> str:
    return f"{label(series.marketplace)}{'' if question.zone == '*' else f', {question.zone}'}"


def _by_market(
    history: Sequence[PriceSeries],
    value: Callable[[PriceBucket], Value],
    is_thin: Callable[[PriceBucket], bool] = lambda _: False,
) -> list[Line]:
    lines = []
    for one, style in zip(history, _MARKET_STYLES, strict=False):
        values = {each.bucket_at: value(each) for each in _expected(one.buckets)}
        lines.append(
            Line(label(one.marketplace), values, style, [each.bucket_at for each in one.buckets if is_thin(each)])
        )
    return lines


def _expected(buckets: Sequence[PriceBucket]) -> Iterator[PriceBucket]:
    """The buckets without the empty ones between two polls of the usual distance there: those are no gap.

    What is usual is read from the polls before and after, since settings say only how often events are polled now.
    """
    tried = [number for number, one in enumerate(buckets) if not one.is_gap]
    steps = [after - before for before, after in pairwise(tried)] or [1]
    for place, (before, after) in enumerate(zip(tried, [*tried[1:], len(buckets)], strict=True)):
        yield buckets[before]
        usual = median(steps[max(0, place - _NEIGHBOURS) : place + _NEIGHBOURS] or steps[-_NEIGHBOURS:])
        if after - before > _PATIENCE * usual:
            yield from buckets[before + 1 : after]


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
