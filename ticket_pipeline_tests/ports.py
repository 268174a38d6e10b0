"""Ports of loopback that nobody else is given.

What belongs here: keeping a port. What does not: servers.
"""

from __future__ import annotations

import socket
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port that refuses connections until a server of ours binds it, which it may do at any time, and again.

    A socket that is bound and does not listen keeps it: the system gives the port to nobody who asks for any free one,
    and lets a server bind it beside, since both ask to share the address (SO_REUSEADDR, as servers do). Only Linux lets
    it; elsewhere the port is free, and with bad luck somebody else's.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port = int(holder.getsockname()[1])
        if sys.platform != "linux":
            holder.close()
        yield port
