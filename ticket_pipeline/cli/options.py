"""Arguments and options that several commands share."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from ticket_pipeline.cli.formats import parse_bucket
from ticket_pipeline.market.hours import MOST_TOGETHER
from ticket_pipeline.market.vocabulary import Marketplace

EventKey = Annotated[
    list[str],
    typer.Argument(metavar="EVENT", help="Its id at any marketplace, or words of its name, venue, city or date."),
]
MarketplaceOption = Annotated[
    Marketplace | None,
    typer.Option(
        metavar="NAME", help=f"One of {', '.join(one for one in Marketplace if one.has_listings)}; unset: all."
    ),
]
ChartOption = Annotated[
    bool | None, typer.Option("--chart/--no-chart", help="A line chart, too; unset: in a terminal.")
]
Zone = Annotated[str, typer.Option(help="One zone; * is the whole event.")]
Together = Annotated[int, typer.Option(min=1, max=MOST_TOGETHER, help="Tickets that must be sold together.")]
Bucket = Annotated[
    timedelta,
    typer.Option(parser=parse_bucket, metavar="DURATION", help="Hours, days or weeks: '6 hours', '1 day', '1w'."),
]
Days = Annotated[int, typer.Option(min=1, max=3660, help="How many days back.")]
IntervalHours = Annotated[
    float | None,
    typer.Option(min=0.01, max=168, help="Interval of an event far ahead, hours; unset: as in the settings."),
]
