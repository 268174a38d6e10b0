"""`alerts`: from a rule in a file to its history, on the command line."""

from __future__ import annotations

from pathlib import Path

from ticket_pipeline_tests.alerts.webhook import open_webhook
from ticket_pipeline_tests.cli.conftest import Cli

RULES = """\
alerts:
  - alert: Anything to buy
    measure: tickets
    condition: above 0
    captures: 1
  - alert: Off
    measure: floor
    condition: below 1
    active: no
  - measure: flor
    condition: cheap
"""


def test_a_rule_is_previewed_synced_fired_listed_muted_and_replayed(cli: Cli, tmp_path: Path) -> None:
    rules = tmp_path / "alerts.yaml"
    rules.write_text(RULES, encoding="utf-8")
    with open_webhook() as webhook:
        cli.env |= {"ALERTS": str(rules), "ALERT_URLS": f"tag=desk {webhook.url}"}
        synced = cli.run("sync-events")
        assert "Alerts: 2 rules." in synced.output
        assert "Alerts, row 10: Measure 'flor' is not a measure" in " ".join(synced.output.split())
        assert "no data yet" in cli.run("alerts", "list").output
        assert cli.run("fetch-listings").exit_code == 0
        assert webhook.messages
        assert {one["alert"] for one in cli.ask("alerts", "history", "--json")} == {"Anything to buy"}
        assert "1 sent" in cli.run("alerts", "history").output
        assert {one["state"] for one in cli.ask("alerts", "deliveries", "--json")} == {"sent"}
        assert cli.run("alerts", "test").exit_code == 0
        assert webhook.messages[-1]["title"] == "Test of ticket-pipeline"
        assert "muted until it has recovered" in " ".join(cli.run("alerts", "mute", "any").output.split())
        firing = [one for one in cli.ask("alerts", "list", "--json") if one["state"] == "firing"]
        assert firing
        assert all(one["is_muted"] for one in firing)
        assert "not muted any more" in " ".join(cli.run("alerts", "unmute", "any").output.split())
        replayed = cli.ask("alerts", "replay", "--json")
        assert len(replayed["occurrences"]) == len(firing)
        preview = cli.run("alerts", "preview", "tickets", "above 0", "--captures", "1")
        assert f"would have fired {len(firing)} times" in " ".join(preview.output.split())
        nothing = cli.run("alerts", "preview", "tickets", "above 10000")
        assert "nothing would have fired" in " ".join(nothing.output.split())


def test_mistakes_are_named(cli: Cli) -> None:
    for arguments, reason in (
        (("test",), "ALERT_URLS is not set"),
        (("mute", "nobody"), "names 0 alerts"),
        (("preview", "flor", "below 1"), "is not a measure: write floor"),
    ):
        result = cli.run("alerts", *arguments)
        assert result.exit_code == 1
        assert reason in " ".join(result.output.split())
    assert "ALERTS is not set" in " ".join(cli.run("alerts", "list").output.split())
