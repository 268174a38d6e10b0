"""`health`: what each check finds, the exit code, and the dead man's switch."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from psycopg import sql
from psycopg.types.json import Jsonb
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ticket_pipeline_tests.cli.conftest import Cli
from ticket_pipeline_tests.ports import reserved_port
from ticket_pipeline_tests.simulator_support.serving import serve

LONG_AGO = timedelta(hours=2)


def states(cli: Cli) -> dict[str, str]:
    """The state of each check, by name."""
    return {one["check"]: one["state"] for one in cli.ask("health")["checks"]}


def test_a_pipeline_in_order_is_healthy_and_a_warning_is_no_failure(cli: Cli) -> None:
    assert cli.run("sync-events").exit_code == 0
    assert states(cli) == dict.fromkeys(("database", "polling", "disk", "channels", "incidents"), "ok") | {
        "daemon": "warning"
    }
    cli.loopback.database.execute("incidents/note_watch", this_moment=datetime.now(UTC))
    assert set(states(cli).values()) == {"ok"}
    assert "It looked for incidents" in cli.run("health").output


def test_a_silent_daemon_and_events_that_nobody_polls_are_failing(cli: Cli) -> None:
    assert cli.run("sync-events").exit_code == 0
    database = cli.loopback.database
    database.execute("incidents/note_watch", this_moment=datetime.now(UTC) - LONG_AGO)
    with database.connection() as connection:
        connection.execute("update poll_schedule set next_due_at = now() - interval '2 hours', last_attempt_at = null")
    result = cli.run("health", ALERT_URLS="no/such/file")
    assert result.exit_code == 1
    words = " ".join(result.output.split())
    assert "daemon failing It looked for incidents 2 h 0 min ago" in words
    assert "polling failing stubhub: 4 events are due, for up to 2 h 0 min." in words
    assert "channels failing" in words
    assert cli.run("health", "--json").exit_code == 1


def test_a_database_that_is_absent_stopped_or_behind_is_failing_and_nothing_is_started(
    cli: Cli, tmp_path: Path
) -> None:
    with reserved_port() as closed:
        absent = cli.run("health", DATABASE_URL=f"postgresql://u:pa55@127.0.0.1:{closed}/none?connect_timeout=1")
    assert absent.exit_code == 1
    assert "Is the server running?" in " ".join(absent.output.split())
    assert "pa55" not in absent.output
    state = tmp_path / "own"
    stopped = cli.run("health", DATABASE_URL="", STATE_DIR=str(state))
    assert stopped.exit_code == 1
    assert "is not running" in " ".join(stopped.output.split())
    assert not state.exists()
    schema = sql.SQL("create schema {}").format(sql.Identifier("elsewhere"))
    with cli.loopback.database.connection() as connection:
        connection.execute(schema)
    behind = cli.run("health", DB_SCHEMA="elsewhere")
    assert behind.exit_code == 1
    assert "Run ticket-pipeline init-db" in " ".join(behind.output.split())


def test_the_dead_mans_switch_is_requested_only_while_nothing_is_failing_and_its_address_is_not_shown(cli: Cli) -> None:
    assert cli.run("sync-events").exit_code == 0
    asked: list[str] = []
    status = 200

    async def take(request: Request) -> Response:
        asked.append(request.url.path)
        return Response(status_code=status)

    with serve(Starlette(routes=[Route("/{token}", take)])) as served:
        url = f"{served.url}/s3cretPing"
        assert cli.run("health").exit_code == 0
        assert asked == []
        assert cli.run("health", "--ping", HEALTH_PING_URL=url).exit_code == 0
        assert asked == ["/s3cretPing"]
        assert cli.run("health", "--ping", HEALTH_PING_URL=url, ALERT_URLS="no/such/file").exit_code == 1
        assert asked == ["/s3cretPing"]
        status = 404
        refused = cli.run("health", "--ping", HEALTH_PING_URL=url)
        assert refused.exit_code == 1
        assert "it responded with status 404" in " ".join(refused.output.split())
    gone = cli.run("health", "--ping", HEALTH_PING_URL=url)
    assert "the request failed (ConnectError)" in " ".join(gone.output.split())
    mistyped = cli.run("health", "--ping", HEALTH_PING_URL="hc.example/s3cretPing")
    assert "not a valid URL that begins with http:// or https://" in " ".join(mistyped.output.split())
    assert "s3cretPing" not in refused.output + gone.output + mistyped.output
    assert "HEALTH_PING_URL is not set" in " ".join(cli.run("health", "--ping").output.split())


def test_an_address_that_cannot_be_read_is_named_without_showing_it(cli: Cli) -> None:
    assert cli.run("sync-events").exit_code == 0
    wrong = "slack://s3cretT0ken"
    one_of_two = cli.run("health", "--json", ALERT_URLS=f"json://127.0.0.1/hook\n{wrong}\ns3cretT0ken")
    (found,) = [one for one in json.loads(one_of_two.output)["checks"] if one["check"] == "channels"]
    assert found["state"] == "warning"
    assert "ALERT_URLS, line 3: not an Apprise URL" in found["words"]
    assert "cannot read the address of slack-" in found["words"]
    alone = cli.run("health", ALERT_URLS=wrong)
    assert alone.exit_code == 1
    assert "s3cretT0ken" not in one_of_two.output + alone.output


def test_incidents_are_listed(cli: Cli) -> None:
    assert "There was no incident" in cli.run("alerts", "incidents").output
    problem = {"kind": "disk_low", "subject": "STATE_DIR", "summary": "It is full", "cause": "1 GB.", "is_told": True}
    cli.loopback.database.fetch_all("incidents/upsert", problems=Jsonb([problem]), this_moment=datetime.now(UTC))
    assert [one["summary"] for one in cli.ask("alerts", "incidents")] == ["It is full"]
    assert "disk_low" in cli.run("alerts", "incidents").output
    assert states(cli)["incidents"] == "warning"
