"""`attempts` and `runs`."""

from __future__ import annotations

from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline_tests.cli.conftest import Cli, assert_fits


def test_attempts_are_shown_newest_first_with_each_error_once(synced: Cli) -> None:
    keys = synced.loopback.keys
    assert "No attempt was made in that time." in synced.run("attempts").stderr
    synced.loopback.faults.add(Fault(FaultKind.NOT_FOUND, external_id=keys[1]))
    synced.run("fetch-listings")
    found = synced.ask("attempts", "--since", "1h")
    assert sorted(one["external_id"] for one in found) == keys
    assert found == sorted(found, key=lambda one: one["finished_at"], reverse=True)
    (failed,) = synced.ask("attempts", "--failed")
    assert (failed["external_id"], failed["status"], failed["tries"]) == (keys[1], 404, 1)
    assert [one["external_id"] for one in synced.ask("attempts", keys[2])] == [keys[2]]
    assert len(synced.ask("attempts", "--limit", "2")) == 2
    shown = synced.run("attempts", "--failed", "--since", "1h")
    assert_fits(shown.stdout)
    assert "404" in shown.stdout
    wrong = synced.run("attempts", "--since", "soon")
    assert wrong.exit_code == 2
    assert "'soon' is not a duration" in " ".join(wrong.stderr.replace("│", "").split())


def test_runs_show_their_figures(synced: Cli) -> None:
    assert "No run ended in that time." in synced.run("runs").stderr
    synced.loopback.rows(
        "insert into run_summaries values ('0a1b2c3d-4e5f', 'poll_stubhub', now() - interval '9 s', now(), 4, 1, 6, 40,"
        """ '{"fetch": 4.2, "store": 1.1}', 3.5, 212000000)"""
    )
    (run,) = synced.ask("runs", "--since", "1h", "--job", "poll_stubhub")
    assert (run["events"], run["requests"], run["stage_seconds"]["fetch"]) == (4, 6, 4.2)
    assert synced.ask("runs", "--job", "other") == []
    shown = synced.run("runs")
    assert_fits(shown.stdout)
    text = " ".join(shown.stdout.split())
    assert "0a1b2c3d" in text
    assert "4 (1 failed)" in text
