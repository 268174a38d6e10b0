"""A relay before a test's database that can lose the answer to a commit: the client never learns what became of it.

What belongs here: the bytes between a client and the server. What does not: what either of them makes of the loss.
"""

from __future__ import annotations

import select
import socket
import tempfile
import threading
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

_READY = b"Z\x00\x00\x00\x05"
"""How the server says that it has done what it was asked, and waits for more."""

_CHUNK = 65536


class CommitLoser:
    """Passes everything on, and at the first commit seen only what the client says: it is cut off before the answer.

    Attributes:
        url: of the database, through this relay.
        lost: how many commits were made whose answer was lost.
    """

    def __init__(self, listener: socket.socket, upstream: str, url: str) -> None:
        self.url = url
        self.lost = 0
        self._listener = listener
        self._upstream = upstream

    def serve(self) -> None:
        """Relay each client by a thread of its own, until the listener is closed."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX)
        with closing(client), closing(server):
            server.connect(self._upstream)
            while True:
                readable, _, _ = select.select([client, server], [], [])
                for one, other in ((client, server), (server, client)):
                    if one not in readable:
                        continue
                    data = one.recv(_CHUNK)
                    if not data:
                        return
                    other.sendall(data)
                    if one is client and b"COMMIT" in data.upper() and not self.lost:
                        self._swallow(server)
                        return

    def _swallow(self, server: socket.socket) -> None:
        """Wait until the server has answered: what was to be committed is."""
        answer = b""
        while _READY not in answer:
            answer += server.recv(_CHUNK)
        self.lost += 1


@contextmanager
def losing_a_commit(database_url: str) -> Iterator[CommitLoser]:
    """A relay to the database of that URL, which names a folder of sockets."""
    parts = urlsplit(database_url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    name = f".s.PGSQL.{query['port']}"
    # Short, because the path of a socket may not be longer than a hundred characters.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(Path(folder) / name))
        listener.listen()
        url = parts._replace(query=urlencode(query | {"host": folder})).geturl()
        relay = CommitLoser(listener, str(Path(query["host"]) / name), url)
        thread = threading.Thread(target=relay.serve)
        thread.start()
        try:
            yield relay
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
