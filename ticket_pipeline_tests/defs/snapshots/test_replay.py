"""The job `replay_snapshots`: captures are stored anew, and the events that changed are shown."""

from __future__ import annotations

from ticket_pipeline_tests.defs.location import Location, materializations


def test_what_was_stored_wrongly_is_stored_anew(polled: Location) -> None:
    first, second, *_ = polled.loopback.keys
    polled.loopback.rows(
        "update listings set section = 'wrong' from event_sources as s where s.event_id = listings.event_id and"
        " s.external_id = any(%s)",
        [first, second],
    )
    done = polled.run("replay_snapshots", config={"event_keys": [first], "marketplaces": ["stubhub"]})
    assert done.success
    assert set(materializations(done, polled.instance)) == {first}
    sections = "select distinct external_id from listings join event_sources using (event_id, marketplace)"
    assert polled.loopback.value(f"{sections} where section = 'wrong'") == second


def test_a_moment_that_is_none_is_refused(polled: Location) -> None:
    assert not polled.run("replay_snapshots", config={"since": "yesterday"}).success
