"""Ports for the servers that `run` starts, and whether one listens."""

from __future__ import annotations

import socket
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from random import Random

from ticket_pipeline.errors import ConfigurationError

_PORTS = (20_000, 29_000)
_PORTS_TRIED = 100
LAST_PORT = 65_535


def simulator_port(wanted: int) -> int:
    """`wanted`: commands in other terminals use that port too, so that no other one will do."""
    port = free_port("127.0.0.1", wanted)
    if wanted and port != wanted:
        raise ConfigurationError(
            f"Port {wanted} of the simulated marketplace is taken by another program (another checkout's `make run`?). "
            "Stop that one, or set SIMULATOR_PORT to a free port here and in your other terminals."
        )
    return port


def free_port(host: str, wanted: int, taken: Collection[int] = ()) -> int:
    """`wanted`, or the next port that is free on `host` and not `taken`.

    For `wanted` 0 it starts below the range from which the system serves outgoing connections: a port of that range may
    be gone again by the time its server binds it.
    """
    start: int = wanted or Random().randint(*_PORTS)  # noqa: S311 - spreads, hides nothing
    for port in range(start, min(start + _PORTS_TRIED, LAST_PORT + 1)):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            if port not in taken:
                return port
    raise ConfigurationError(
        f"No free port on {host} among the {_PORTS_TRIED} from {start} on. Is WEB_HOST an address of this machine?"
    )


def listens(socket_file: Path) -> bool:
    """Whether a server listens on a Unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(socket_file)) == 0
