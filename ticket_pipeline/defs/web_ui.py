"""Dagster's web server behind the guard: `python -m ticket_pipeline.defs.web_ui`, with `dagster-webserver`'s options.

Its GraphQL answers any origin and host, and a GET can launch a run: without the guard any web page could.
"""

from typing import Any

from dagster_webserver.cli import cli
from dagster_webserver.webserver import DagsterWebserver
from starlette.middleware import Middleware

from ticket_pipeline.settings.model import Settings, load_settings
from ticket_pipeline.web_guard import Guard, allowed_hosts

_EVERY_ADDRESS = {"0.0.0.0", "::"}  # noqa: S104 - an address to recognize


def guarded_web_server(settings: Settings) -> type[DagsterWebserver[Any, Any]]:
    """Dagster's web server with the guard before everything; where WEB_HOST opens it to all, any host may name it."""
    hosts = None if settings.web_host in _EVERY_ADDRESS else allowed_hosts(settings.web_host, None)

    class GuardedWebServer(DagsterWebserver[Any, Any]):
        """Its middleware is Dagster's own place to extend it."""

        def build_middleware(self) -> list[Middleware]:
            return [Middleware(Guard, hosts=hosts, unlinked=["/graphql"]), *super().build_middleware()]

    return GuardedWebServer


def main() -> None:
    """Serve it. Dagster's program names its class in one place, and offers no option for another."""
    from dagster_webserver import app  # noqa: PLC0415 - the module whose name is replaced

    vars(app)["DagsterWebserver"] = guarded_web_server(load_settings())
    cli()


if __name__ == "__main__":
    main()
