"""Serving apps on loopback: starts, stops, leaves nothing behind."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline_tests.simulator_support.serving import STOP_SECONDS, serve

if TYPE_CHECKING:
    from starlette.requests import Request


async def _transport(request: Request) -> PlainTextResponse:
    return PlainTextResponse(type(request.state.transport).__name__)


def _app() -> Starlette:
    return Starlette(routes=[Route("/", _transport)])


def _server_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "simulator-server"]


def test_a_handler_gets_the_transport_of_its_connection() -> None:
    with serve(_app()) as served, httpx.Client(trust_env=False) as client:
        assert served.url == f"http://{served.host}:{served.port}"
        assert "Transport" in client.get(served.url).text


def test_leaving_by_an_error_leaves_no_thread_and_frees_the_port() -> None:
    with pytest.raises(LookupError), serve(_app()) as served:
        raise LookupError
    assert _server_threads() == []
    with socket.create_server(("127.0.0.1", served.port)):
        pass


def test_a_hung_response_does_not_hold_up_the_end(caplog: pytest.LogCaptureFixture) -> None:
    arrived = threading.Event()

    async def hang(_: Request) -> PlainTextResponse:
        arrived.set()
        await asyncio.Event().wait()
        return PlainTextResponse("never")

    with serve(Starlette(routes=[Route("/", hang)])) as served:
        waiting = socket.create_connection((served.host, served.port))
        waiting.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert arrived.wait(60)
        left_at = time.monotonic()
    with waiting:
        assert time.monotonic() - left_at < STOP_SECONDS / 2  # the longest wait for an unfinished response
        assert _server_threads() == []
    assert caplog.records == []


def test_an_occupied_port_is_an_error_with_the_fix() -> None:
    with serve(_app()) as served, pytest.raises(ConfigurationError, match=f"{served.port}.*another port"):
        serve(_app(), port=served.port).__enter__()
    assert _server_threads() == []
