"""A reserved port: closed to everybody, and open to a server of ours whenever it comes."""

from __future__ import annotations

import socket
import sys

import pytest

from ticket_pipeline_tests.ports import reserved_port


def test_a_reserved_port_refuses_until_a_server_binds_it_and_again_when_that_is_gone() -> None:
    with reserved_port() as port:
        for _ in range(2):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port))
            with socket.create_server(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
                pass


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a server bind beside the one that holds the port")
def test_a_program_that_shares_no_address_does_not_get_a_reserved_port() -> None:
    with reserved_port() as port, socket.socket() as stranger, pytest.raises(OSError, match="in use"):
        stranger.bind(("127.0.0.1", port))
