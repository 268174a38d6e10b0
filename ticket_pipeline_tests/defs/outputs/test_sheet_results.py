"""The asset of the results: off unless it is switched on, and then written into the watchlist's own place."""

from __future__ import annotations

from pathlib import Path

from ticket_pipeline.definitions import build_defs
from ticket_pipeline.settings.model import Settings
from ticket_pipeline_tests.defs.location import Location, materializations


def names(settings: Settings) -> set[str]:
    """What the location has under any name with `results` in it."""
    defs = build_defs(settings)
    assets = {spec.key.to_user_string() for spec in defs.resolve_all_asset_specs()}
    return {name for name in assets | {job.name for job in defs.jobs or []} if "results" in name} | {
        schedule.name for schedule in defs.schedules or [] if "results" in schedule.name
    }


def test_results_are_written_only_where_that_is_switched_on() -> None:
    assert names(Settings()) == set()
    assert names(Settings(sheet_results=True)) == {"sheet_results", "write_results", "write_results_regularly"}


def test_a_run_writes_the_results_and_counts_them(polled: Location, tmp_path: Path) -> None:
    path = tmp_path / "shows.csv"
    lines = [f"Show {key},2099-03-01 20:00,{key}\n" for key in polled.loopback.keys]
    path.write_text("Event Name,Event Date (Local),viagId\n" + "".join(lines), encoding="utf-8")
    polled.settings = polled.settings.model_copy(update={"watchlist_csv": path, "sheet_results": True})
    run = polled.run("write_results", config={"columns": ["floor", "Get-in 2"]})
    metadata = materializations(run, polled.instance)[None]
    assert (metadata["dagster/row_count"], metadata["cells_changed"]) == (4, 8)
    header, first, *_ = path.with_suffix(".results.csv").read_text("utf-8-sig").splitlines()
    assert header == "Row,Event Name,Event Date (Local),viagId,Floor,Get-in 2"
    assert first.endswith(",,50.00")  # three listings within 15 % make a floor, and these are not
    assert not polled.run("write_results", config={"columns": ["Flor"]}).success
