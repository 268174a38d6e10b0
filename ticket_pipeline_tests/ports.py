"""Ports of loopback that no other program gets."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port that refuses connections until a server of ours binds it, which it may do again and again.

    A bound socket that does not listen keeps the port from those who ask for any free one; with SO_REUSEADDR, which
    servers set, Linux lets a server bind it too. On other systems the port is only probably free.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port = int(holder.getsockname()[1])
        if sys.platform != "linux":
            holder.close()
        yield port
