"""What every marketplace's app has in common: its requests are recorded, may go wrong by plan, and can be looked into.

What belongs here: putting a marketplace's routes behind the wire and beside the controls. What does not: what the
routes answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import Mount

from ticket_pipeline.simulator.controls import loopback_controls
from ticket_pipeline.simulator.distortions import possible_faults
from ticket_pipeline.simulator.faults import FaultPlan
from ticket_pipeline.simulator.recording import RecordedApp, RequestLog
from ticket_pipeline.simulator.wire import FaultyApp, Latency

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from starlette.responses import Response
    from starlette.types import ASGIApp

    from ticket_pipeline.simulator.controls import Truth
    from ticket_pipeline.simulator.distortions import FieldMeanings
    from ticket_pipeline.simulator.recording import ExternalIdOf

CONTROLS_PATH = "/_simulator"


@dataclass(frozen=True, slots=True)
class Wire:
    """What lies between a marketplace and its clients; may be changed while being served.

    Attributes:
        faults: requests that are to go wrong.
        log: gets every request outside the controls.
        latency: how long answers take.
    """

    faults: FaultPlan = field(default_factory=FaultPlan)
    log: RequestLog = field(default_factory=RequestLog)
    latency: Latency = field(default_factory=Latency)

    @classmethod
    def given(
        cls, faults: FaultPlan | None = None, log: RequestLog | None = None, latency: Latency | None = None
    ) -> Wire:
        """A wire of these parts, and new ones for those that are None."""
        return cls(
            FaultPlan() if faults is None else faults,
            RequestLog() if log is None else log,
            Latency() if latency is None else latency,
        )


def behind_wire(
    marketplace: ASGIApp,
    wire: Wire,
    *,
    clock: Callable[[], datetime],
    truth: Truth,
    external_id_of: ExternalIdOf,
    error_response: Callable[[int], Response],
    fields: FieldMeanings | None = None,
) -> Starlette:
    """`marketplace` behind a wire that records and goes wrong by plan, with the controls under `/_simulator`.

    Args:
        marketplace: answers the requests that get through.
        wire: faults, log and latency.
        clock: aware UTC.
        truth: what the controls show of the events and their sales.
        external_id_of: the event a request is about.
        error_response: an error of this status as the marketplace words it.
        fields: what faults that distort an answer are about; None: there are no such faults.
    """
    faulty = FaultyApp(
        marketplace,
        faults=wire.faults,
        latency=wire.latency,
        external_id_of=external_id_of,
        error_response=error_response,
        fields=fields,
    )
    recorded = RecordedApp(faulty, log=wire.log, clock=clock, external_id_of=external_id_of)
    controls = loopback_controls(truth, faults=wire.faults, kinds=possible_faults(fields), log=wire.log, clock=clock)
    return Starlette(routes=[Mount(CONTROLS_PATH, controls), Mount("/", recorded)])
