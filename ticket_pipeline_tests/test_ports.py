"""A reserved port refuses connections, and a server can bind it."""

from __future__ import annotations

import socket

import pytest

from ticket_pipeline_tests.ports import reserved_port


def test_a_reserved_port_refuses_until_a_server_binds_it_and_again_when_that_is_gone() -> None:
    with reserved_port() as port:
        for _ in range(2):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port))
            with socket.create_server(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
                pass
