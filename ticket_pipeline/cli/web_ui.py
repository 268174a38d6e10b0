"""What `run` asks Dagster's web server for, by its public GraphQL API: importing Dagster here would take seconds."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import httpx

LOCATION = "ticket_pipeline"
"""The name of our code location."""

_SECONDS = 30.0
_CANCEL_SECONDS = 30.0

_LAUNCH = """
mutation launch($job: String!, $location: String!) {
  launchRun(executionParams: {
    mode: "default", executionMetadata: {tags: [{key: "dagster/priority", value: "1"}]}, selector: {
    jobName: $job, repositoryName: "__repository__", repositoryLocationName: $location}}) { __typename }
}
"""
_UNDER_WAY = """
query { runsOrError(filter: {statuses: [STARTING, STARTED, CANCELING]}) { ... on Runs { results { runId status } } } }
"""
_CANCEL = """
mutation cancel($ids: [String!]!, $policy: TerminateRunPolicy!) {
  terminateRuns(runIds: $ids, terminatePolicy: $policy) { __typename }
}
"""


def is_up(url: str) -> bool:
    """Whether a server answers a GET with success."""
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.TransportError:
        return False


def answers(url: str) -> bool:
    """Whether a server answers a GET at all: one with a password refuses it."""
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code > 0
    except httpx.TransportError:
        return False


def launch_job(url: str, job: str) -> None:
    """Launch a job of our location; it stands in Dagster's queue then, beside the runs of sensors."""
    _post(url, _LAUNCH, job=job, location=LOCATION)


def cancel_runs(url: str) -> None:
    """Cancel the runs under way, so that stopping their processes is no failure. Queued runs stay in the queue.

    A run ends by itself first: one that is marked as canceled before its process ends may still report a failed step,
    and would be a failure. Dagster cancels no run that is still starting; it is asked again once the run has started.
    Without a web server nothing is canceled: the next start ends those runs.
    """
    asked: set[str] = set()
    deadline = time.monotonic() + _CANCEL_SECONDS
    with suppress(httpx.HTTPError, KeyError):
        while running := _post(url, _UNDER_WAY)["runsOrError"]["results"]:
            if time.monotonic() > deadline:
                ids = [run["runId"] for run in running]
                _post(url, _CANCEL, ids=ids, policy="MARK_AS_CANCELED_IMMEDIATELY")
                return
            started = {run["runId"] for run in running if run["status"] == "STARTED"} - asked
            if started:
                _post(url, _CANCEL, ids=sorted(started), policy="SAFE_TERMINATE")
                asked |= started
            time.sleep(0.2)


def _post(url: str, query: str, **variables: object) -> dict[str, Any]:
    sent = {"query": query, "variables": variables}
    response = httpx.post(f"{url}/graphql", json=sent, timeout=_SECONDS, trust_env=False)
    data: dict[str, Any] = response.raise_for_status().json()["data"]
    return data
