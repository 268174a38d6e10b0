"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from ticket_pipeline.market.vocabulary import Marketplace

EventKey = Annotated[
    str, typer.Argument(metavar="EVENT_KEY", help="A marketplace's own id of the event, as in your watchlist.")
]
MarketplaceOption = Annotated[
    Marketplace | None, typer.Option(help="Whose id it is; needed only where two marketplaces use the same one.")
]
Days = Annotated[int, typer.Option(min=1, max=3660, help="How many days back.")]
IntervalHours = Annotated[
    float | None,
    typer.Option(min=0.01, max=168, help="Interval of an event far ahead, hours; unset: as in the settings."),
]
