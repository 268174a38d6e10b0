"""A webhook on loopback that keeps what it was sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ticket_pipeline_tests.simulator_support.serving import serve


@dataclass
class Webhook:
    """What arrived, oldest first; `status` is what it answers."""

    url: str = ""
    status: int = 200
    messages: list[dict[str, Any]] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        """Keep a message, unless it is refused."""
        if self.status < 400:
            self.messages.append(await request.json())
        return Response(status_code=self.status)


@contextmanager
def open_webhook() -> Iterator[Webhook]:
    """A webhook whose `url` is an Apprise URL."""
    webhook = Webhook()
    with serve(Starlette(routes=[Route("/hook/{token}", webhook.take, methods=["POST"])])) as served:
        webhook.url = f"json://127.0.0.1:{served.port}/hook/s3cretT0kenOfTheHook"
        yield webhook
