"""What stands around the pipeline in a soak: marketplaces that fail, and channels of which one is dead."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route

from benchmarks.soak.plan import MARKETPLACES, NOON
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.simulator.recording import RequestLog
from ticket_pipeline.simulator.stubhub import create_stubhub_app
from ticket_pipeline.simulator.vivid_seats import create_vivid_seats_app
from ticket_pipeline.simulator.wire import Latency
from ticket_pipeline_tests.ports import reserved_port
from ticket_pipeline_tests.simulator_support.serving import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from starlette.requests import Request

    from benchmarks.soak.plan import FileClock, Plan

_CREATE = {Marketplace.STUBHUB: create_stubhub_app, Marketplace.VIVID_SEATS: create_vivid_seats_app}
_PHONE_IS_OFF = timedelta(hours=2)
_HTTP_UNAVAILABLE = 503


@dataclass(frozen=True)
class Message:
    """One message that arrived."""

    channel: str
    at: datetime
    title: str
    body: str


@dataclass
class Outside:
    """The addresses, and what was seen there.

    Attributes:
        channels: name → Apprise URL.
        phone_off: the span in which the phone answers with an error.
    """

    clock: FileClock
    phone_off: tuple[datetime, datetime]
    logs: dict[Marketplace, RequestLog] = field(default_factory=lambda: {each: RequestLog() for each in MARKETPLACES})
    messages: list[Message] = field(default_factory=list)
    refused: int = 0
    simulator: str = ""
    channels: dict[str, str] = field(default_factory=dict)

    @property
    def alert_urls(self) -> str:
        """The setting of the channels."""
        tags = {"desk": "desk,operations"}
        return "\n".join(f"tag={tags.get(name, name)} {url}" for name, url in self.channels.items())

    async def take(self, request: Request) -> Response:
        """Keep a message, unless the phone is off."""
        name, moment = request.path_params["name"], self.clock()
        if name == "phone" and self.phone_off[0] <= moment < self.phone_off[1]:
            self.refused += 1
            return Response(status_code=_HTTP_UNAVAILABLE)
        sent = await request.json()
        self.messages.append(Message(name, moment, sent["title"], sent["message"]))
        return Response()


@contextmanager
def open_outside(plan: Plan, clock: FileClock) -> Iterator[Outside]:
    """Serve all of it in this process."""
    off = NOON + 0.4 * (plan.ends_at - NOON)
    outside = Outside(clock, (off, off + _PHONE_IS_OFF))
    mounts = [
        Mount(
            f"/{each}",
            create(plan.world, clock=clock, faults=plan.faults(each), log=outside.logs[each], latency=Latency(0, 0.02)),
        )
        for each, create in _CREATE.items()
    ]
    hook = Route("/hook/{name}", outside.take, methods=["POST"])
    with reserved_port() as closed, serve(Starlette(routes=[hook, *mounts])) as served:
        outside.simulator = served.url
        outside.channels = {
            "desk": f"json://127.0.0.1:{served.port}/hook/desk",
            "phone": f"json://127.0.0.1:{served.port}/hook/phone",
            "gone": f"json://127.0.0.1:{closed}/hook/gone",
        }
        yield outside
