"""Dagster's web server as `run` serves it: pages of other sites can neither read it nor launch runs."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

# Private: what `dagster-webserver` itself hands to its web server, for which Dagster has no public name.
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget

from ticket_pipeline.defs.web_ui import guarded_web_server
from ticket_pipeline.settings.model import Settings
from ticket_pipeline_tests.simulator_support.serving import open_client

QUERY = {"query": "{ version }"}


def test_only_its_own_pages_and_programs_reach_it(tmp_path: Path) -> None:
    with (
        dg.DagsterInstance.local_temp(str(tmp_path)) as instance,
        WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as context,
        open_client(guarded_web_server(Settings())(context).create_asgi_app()) as client,
    ):
        assert "version" in client.post("/graphql", json=QUERY).json()["data"]
        followed = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
        assert client.get("/runs", headers=followed).status_code == 200
        assert client.get("/graphql", params=QUERY, headers=followed).status_code == 403
        assert client.get("/graphql", params=QUERY, headers={"sec-fetch-site": "cross-site"}).status_code == 403
        assert client.post("/graphql", json=QUERY, headers={"origin": "http://evil.example"}).status_code == 403
        assert client.post("/graphql", json=QUERY, headers={"host": "evil.example"}).status_code == 421
