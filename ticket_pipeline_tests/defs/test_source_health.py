"""The asset `source_health` shows the numbers of the query, and the function of the schema agrees with them."""

from __future__ import annotations

from ticket_pipeline_tests.defs.location import Location, materializations


def test_the_asset_shows_each_marketplace(polled: Location) -> None:
    polled.loopback.rows("update fetch_attempts set outcome = 'timeout' where attempt_id = 1")
    shown = polled.run("report_sources")
    assert shown.success
    (metadata,) = materializations(shown, polled.instance).values()
    (hours,) = polled.loopback.rows(
        "select sum(requests)::integer as requests, sum(errors)::integer as errors, sum(attempts)::integer as attempts"
        " from source_health(now() - interval '23 hours', now() + interval '1 minute')"
    )
    assert hours["attempts"] > 1
    assert (metadata["requests"], metadata["errors"]) == (hours["requests"], hours["errors"])
    assert metadata["fields_changed"] == 0
    assert "| stubhub |" in metadata["sources"]
    assert "timeout" in metadata["errors_by_kind"]
