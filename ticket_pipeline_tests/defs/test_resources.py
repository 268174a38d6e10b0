"""The resources: typed and described, any one replaceable, and none of them shows a secret or connects to be made."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ticket_pipeline.definitions import build_defs
from ticket_pipeline.defs.resources import (
    MARKETPLACE_RESOURCES,
    GoogleSheetResource,
    MarketplaceResource,
    TimescaleDBResource,
    build_resources,
)
from ticket_pipeline.errors import ConfigurationError, TemporarilyUnavailable
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.sheet.source import SheetRows
from ticket_pipeline.sheet.sync import RuleRows
from ticket_pipeline_tests.defs.location import Location
from ticket_pipeline_tests.overrides import settings_from

SECRET = "hunter2hunter2"  # noqa: S105 - a made-up one, to look for
ALL_SECRETS = {
    "database_url": f"postgresql://u:{SECRET}@h/d",
    "db_password": SECRET,
    "stubhub_account_id": SECRET,
    "stubhub_cookie": SECRET,
    "ticketmaster_api_key": SECRET,
    "vivenu_api_key": SECRET,
}


def test_each_is_typed_and_every_field_is_described_and_secrets_are_marked() -> None:
    secrets = set()
    for key, resource in build_resources(Settings()).items():
        assert isinstance(resource, dg.ConfigurableResource)
        assert resource.__doc__
        assert type(resource).__name__.lower().startswith(key.replace("_", ""))
        for name, field in type(resource).model_fields.items():
            if name != "settings" and not name.startswith("_") and not name.endswith("__internal__"):
                assert field.description, name
                if isinstance(field.json_schema_extra, dict) and field.json_schema_extra.get("dagster__is_secret"):
                    secrets.add(f"{key}.{name}")
    assert secrets == {
        "timescaledb.database_url",
        "timescaledb.password",
        "stubhub.account_id",
        "stubhub.cookie",
        "ticketmaster.api_key",
        "vivenu.api_key",
    }


@pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`")  # Dagster warns of itself
def test_what_dagster_serves_holds_no_secret_of_the_settings() -> None:
    from dagster._core.remote_representation.external_data import RepositorySnap  # noqa: PLC0415 - what a server sends

    defs = build_defs(settings_from(ALL_SECRETS))
    shown = dg.serialize_value(RepositorySnap.from_def(defs.get_repository_def()))
    assert SECRET not in shown
    assert SECRET not in repr(defs) + repr(defs.resources)
    assert {"timescaledb", "google_sheet", "stubhub", "vivid_seats", "ticketmaster", "vivenu"} <= set(
        defs.resources or {}
    )


def test_a_field_overrides_its_setting_and_the_others_stay() -> None:
    settings = settings_from({"stubhub_cookie": "mine", "stubhub_requests_per_minute": 7})
    used = MARKETPLACE_RESOURCES["stubhub"](settings=settings, api_base_url="https://stubhub.example").settings_in_use()
    assert (used.stubhub_base_url, used.stubhub_requests_per_minute) == ("https://stubhub.example", 7)
    assert used.stubhub_cookie is settings.stubhub_cookie
    settings = settings_from({"database_url": "postgresql://a@b/c"})
    given = TimescaleDBResource(settings=settings, host="db.example", name="tickets").settings_in_use()
    assert (given.database_url, given.db_host) == (None, "db.example")


def test_without_settings_a_resource_reads_the_environment_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = MARKETPLACE_RESOURCES["vivid_seats"](currency="CAD")
    monkeypatch.setenv("VIVID_SEATS_REQUESTS_PER_MINUTE", "7")
    used = resource.settings_in_use()
    assert (used.vivid_seats_currency, used.vivid_seats_requests_per_minute) == ("CAD", 7)


def test_without_a_configured_database_only_an_instance_of_ours_opens_the_embedded_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text("storage: {postgres: {postgres_url: {env: THEIRS}}}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="Set DATABASE_URL, or DB_HOST"):
        TimescaleDBResource(settings=Settings(state_dir=tmp_path)).database()


def test_a_value_that_the_setting_would_reject_is_rejected() -> None:
    with pytest.raises(ValueError, match="currency"):
        MARKETPLACE_RESOURCES["vivid_seats"](settings=Settings(), currency="dollars").settings_in_use()


def test_a_secret_may_come_from_a_variable_of_any_name(monkeypatch: pytest.MonkeyPatch, location: Location) -> None:
    monkeypatch.setenv("MY_URL", location.loopback.database.url)
    settings = location.settings.model_copy(update={"database_url": None, "state_dir": "/nowhere"})
    database = TimescaleDBResource(settings=settings, database_url=dg.EnvVar("MY_URL"))
    defs = build_defs(settings, now=lambda: location.now, resources={"timescaledb": database})
    result = defs.resolve_job_def("maintain").execute_in_process(instance=location.instance)
    assert result.success


class OwnSheet(GoogleSheetResource):
    """A watchlist that a user wrote."""

    def read_rows(self) -> SheetRows:
        """One event."""
        return SheetRows(
            [["Event", "Venue", "Date", "viagId"], ["Own Show", "Own Hall", "2027-01-01", "77"]], "my own sheet"
        )

    def read_rule_rows(self) -> RuleRows:
        """No venue map and no exclusions."""
        return RuleRows()


class ClosedStubHub(MarketplaceResource):
    """A client that reaches nobody."""

    @asynccontextmanager
    async def client(self, **_: object) -> AsyncIterator[Any]:  # type: ignore[override]
        """Fail as a marketplace that is down does."""
        raise TemporarilyUnavailable("my own client was asked")
        yield


def test_a_user_replaces_a_resource_by_one_of_their_own(location: Location) -> None:
    own = {"google_sheet": OwnSheet(), "stubhub": ClosedStubHub(settings=location.settings)}
    defs = build_defs(location.settings, now=lambda: location.now, resources=own)
    synced = defs.resolve_job_def("sync_events").execute_in_process(
        instance=location.instance, run_config={"ops": {"events": {"config": {"force": True}}}}
    )
    assert synced.asset_materializations_for_node("events")[0].metadata["source"].value == "my own sheet"
    location.loopback.watch()
    polled = defs.resolve_job_def("poll_stubhub").execute_in_process(instance=location.instance, raise_on_error=False)
    (failure,) = [event for event in polled.all_events if event.is_step_failure]
    assert "my own client was asked" in str(failure.step_failure_data.error)
