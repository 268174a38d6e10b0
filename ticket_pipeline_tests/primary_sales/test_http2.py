"""HTTPX_HTTP2 against a server that speaks it: same tickets, one connection, and its certificate checked.

Skipped where the library of either side is missing; the extra dev brings both.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ticket_pipeline.simulator.vivenu import create_vivenu_app
from ticket_pipeline.simulator.vivenu_world import organised_world
from ticket_pipeline_tests.http.certificates import write_certificate
from ticket_pipeline_tests.primary_sales.organiser import NOW, open_client, settings_of

pytest.importorskip("h2", reason="the library h2 is not installed")
hypercorn = pytest.importorskip("hypercorn", reason="no server that speaks HTTP/2 is installed")
serve_h2 = pytest.importorskip("hypercorn.asyncio").serve


@asynccontextmanager
async def served(files: tuple[Path, Path], versions: Counter[str], clients: set[Any]) -> AsyncIterator[str]:
    """An organiser of a few hundred tickets behind TLS; counts requests by their HTTP version."""
    world = organised_world(NOW, events=5, tickets=600)
    app = create_vivenu_app(world, clock=lambda: NOW)

    async def counted(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's own
        if scope["type"] == "http":
            versions[scope["http_version"]] += 1
            clients.add(tuple(scope["client"]))
        await app(scope, receive, send)

    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    config = hypercorn.Config.from_mapping(
        bind=[f"fd://{listening.detach()}"],  # the server closes it
        certfile=str(files[0]),
        keyfile=str(files[1]),
        alpn_protocols=["h2", "http/1.1"],
        keep_alive_timeout=600,  # its own five seconds may pass between two requests on a busy machine
        errorlog=None,
    )
    stop = asyncio.Event()
    server = asyncio.create_task(serve_h2(counted, config, shutdown_trigger=stop.wait))
    try:
        yield f"https://127.0.0.1:{port}"
    finally:
        stop.set()
        await server


@pytest.mark.parametrize(("http2", "version"), [(True, "2"), (False, "1.1")])
def test_the_protocol_is_a_setting_and_brings_the_same_tickets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, http2: bool, version: str
) -> None:
    files = write_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
    versions: Counter[str] = Counter()
    clients: set[Any] = set()

    async def read() -> int:
        async with (
            served(files, versions, clients) as url,
            open_client(settings_of(url, httpx_http2=http2)) as client,
        ):
            events = await client.fetch_events()
            found = await asyncio.gather(*(client.fetch_tickets(key, lambda ticket: ticket) for key in events.rows))
            return sum(len(one.rows) for one in found)

    assert asyncio.run(read()) == 600
    assert set(versions) == {version}
    assert (len(clients) == 1) == http2
