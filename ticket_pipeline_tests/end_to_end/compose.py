"""The services of deploy/compose.yaml as processes: its commands and environments, without a container engine.

What differs from containers is where things are: free ports of loopback, and a folder of the test.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

import psycopg
import yaml
from psycopg.conninfo import conninfo_to_dict

from ticket_pipeline_tests.ports import reserved_port

DEPLOY = Path(__file__).parents[2] / "deploy"

_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - the file's own; loopback here
_PORTS = ("3000", "3001", "4000")


@dataclass(frozen=True, slots=True)
class Services:
    """The services that run our image.

    Attributes:
        folder: of all of them; it holds `workspace.yaml`.
        url: of the database, for the test itself.
        ports: those of the file → those used here.
        environment: what the file sets for each of them.
        commands: service → what it runs.
        health_checks: service → the command whose success says that it works.
        dagster_yaml: the instance's configuration.
    """

    folder: Path
    url: str
    ports: Mapping[str, str]
    environment: Mapping[str, str]
    commands: Mapping[str, list[str]]
    health_checks: Mapping[str, list[str]]
    dagster_yaml: str


@contextmanager
def services_of(url: str, folder: Path) -> Iterator[Services]:
    """The services for an empty database at `url`, in `folder`."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute((DEPLOY / "postgres" / "schemas.sql").read_bytes())
    where = conninfo_to_dict(url)
    with ExitStack() as stack:
        ports = {port: str(stack.enter_context(reserved_port())) for port in _PORTS}
        database_port = stack.enter_context(_tcp_port_of(Path(f"{where['host']}/.s.PGSQL.{where['port']}")))
        here = {**ports, "/etc/ticket-pipeline": str(folder), _EVERY_ADDRESS: "127.0.0.1"}
        (folder / "workspace.yaml").write_text(_read("workspace.yaml", here), encoding="utf-8")
        found: dict[str, Any] = yaml.safe_load(_read("compose.yaml", here))
        database = {"HOST": "127.0.0.1", "PORT": str(database_port), "NAME": where["dbname"], "USER": where["user"]}
        ours = {f"DB_{name}": str(value) for name, value in database.items()}
        ours |= {"DB_PASSWORD": "not asked for", "CODE_SERVER_HOST": "127.0.0.1", "LOG_FORMAT": "json"}
        ours["ARCHIVE_URL"] = str(folder / "archive")
        assert ours.keys() == found["x-part"]["environment"].keys()
        services = {name: each for name, each in found["services"].items() if each["image"] == "ticket-pipeline"}
        yield Services(
            folder=folder,
            url=url,
            ports=ports,
            environment=ours,
            commands={name: each["command"] for name, each in services.items()},
            health_checks={
                name: each["healthcheck"]["test"][1:] for name, each in services.items() if name != "schema"
            },
            dagster_yaml=_read("dagster.yaml", here),
        )


def _read(name: str, here: Mapping[str, str]) -> str:
    """A file of deploy/, with the places of this test."""
    text = (DEPLOY / name).read_text(encoding="utf-8")
    for theirs, ours in here.items():
        text = text.replace(theirs, ours)
    return text


@contextmanager
def _tcp_port_of(socket_file: Path) -> Iterator[int]:
    """A port of loopback that leads to a server on a Unix socket: the database of the tests has no other address."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            with socket.socket(socket.AF_UNIX) as server:
                server.connect(str(socket_file))
                back = threading.Thread(target=_copy, args=(server, self.request))
                back.start()
                _copy(self.request, server)
                back.join()

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as door:
        thread = threading.Thread(target=door.serve_forever)
        thread.start()
        try:
            yield int(door.server_address[1])
        finally:
            door.shutdown()
            thread.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while received := source.recv(65_536):
            target.sendall(received)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
