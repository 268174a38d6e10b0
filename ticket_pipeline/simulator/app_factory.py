"""Builds every marketplace's app: its routes behind a wire, and the controls beside them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, TypedDict, Unpack
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.routing import Mount

from ticket_pipeline.simulator.controls import MarketplaceTruth, create_controls
from ticket_pipeline.simulator.wire import Latency, Wire

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Scope

    from ticket_pipeline.simulator.distortions import FieldMeanings
    from ticket_pipeline.simulator.faults import FaultPlan
    from ticket_pipeline.simulator.recording import RequestLog
    from ticket_pipeline.simulator.vivenu import OrganiserTruth

CONTROLS_PATH = "/_simulator"


class WireOptions(TypedDict, total=False):
    """Parts of a wire that the caller keeps, to change or read them while the app is served."""

    faults: FaultPlan
    log: RequestLog
    latency: Latency


def build_app(
    routes: ASGIApp,
    *,
    clock: Callable[[], datetime],
    truth: MarketplaceTruth | OrganiserTruth,
    external_id_of: Callable[[Scope], str | None],
    error_response: Callable[[int], Response],
    fields: FieldMeanings | None = None,
    **options: Unpack[WireOptions],
) -> Starlette:
    """A marketplace as an app, with its controls under `/_simulator` (loopback only).

    `truth` is what the controls show of the events and their sales; the other arguments are those of a `Wire`.
    """
    wire = Wire(routes, clock, external_id_of, error_response, fields, **options)
    return Starlette(routes=[Mount(CONTROLS_PATH, create_controls(wire, truth)), Mount("/", wire)])


def query_parameter(name: str) -> Callable[[Scope], str | None]:
    """Reads a parameter of a request's query string."""
    return lambda scope: parse_qs(str(scope["query_string"], "latin-1")).get(name, [None])[0]
