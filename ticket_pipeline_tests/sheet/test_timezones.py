"""Timezones out of names, cities and countries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ticket_pipeline.sheet.places import CITY_ZONES, REGION_ZONES
from ticket_pipeline.sheet.timezones import Placement, Timezones, exists, to_utc, utc_offsets

SUMMER = datetime(2026, 7, 4, 20, 0)  # noqa: DTZ001 - local times are naive here


@pytest.fixture(scope="module")
def zones() -> Timezones:
    return Timezones.load()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *(("America/New_York", "America/New_York"), ("america/new york", "America/New_York")),
        *(("US/Pacific", "US/Pacific"), ("utc", "UTC"), ("EST", None), ("EST5EDT", None), ("Eastern", None)),
        *(("America", None), ("../etc/passwd", None), ("", None)),
    ],
)
def test_only_names_of_places_and_utc_are_timezones(zones: Timezones, text: str, name: str | None) -> None:
    assert zones.find_name(text) == name


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *(("US", "US"), ("usa", "US"), ("U.S.A.", "US"), ("United States", "US"), ("England", "GB"), ("UK", "GB")),
        *(("Britain (UK)", "GB"), ("DEU", "DE"), ("Germany", "DE"), ("South Korea", "KR"), ("Korea (South)", "KR")),
        ("Czechia", "CZ"),
        ("Côte d’Ivoire", "CI"),  # noqa: RUF001 - the tz database's own spelling
        ("Atlantis", None),
        ("", None),
    ],
)
def test_a_country_is_known_by_its_codes_and_usual_names(zones: Timezones, text: str, code: str | None) -> None:
    assert zones.find_country(text) == code


@pytest.mark.parametrize(
    ("city", "country", "timezone", "source"),
    [
        *(("Toronto", None, "America/Toronto", "city"), ("new york", "USA", "America/New_York", "city")),
        *(("Los Angeles, CA", "US", "America/Los_Angeles", "city"), ("Miami", "US", "America/New_York", "city")),
        *(("Boston, MA, USA", None, "America/New_York", "city"), ("St Louis", "US", "America/Chicago", "city")),
        ("Las Vegas", None, "America/Los_Angeles", "city"),
        ("Indianapolis", "US", "America/Indiana/Indianapolis", "city"),
        *(("Portland, ME", "US", "America/New_York", "city"), ("Springfield, IL", "US", "America/Chicago", "city")),
        *(("Nashville, TN", "US", "America/Chicago", "city"), ("Montréal", "Canada", "America/Toronto", "city")),
        *(("Portland, Maine", "US", "America/New_York", "city"), ("Portland (ME)", "US", "America/New_York", "city")),
        *(("Portland ME", None, "America/New_York", "city"), ("Portland Maine", "USA", "America/New_York", "city")),
        ("Portland", "Maine", "America/New_York", "city"),
        ("Arlington, Virginia", None, "America/New_York", "city"),
        ("Arlington, Texas, USA", None, "America/Chicago", "city"),
        ("Birmingham, Alabama", "United States", "America/Chicago", "city"),
        ("London, Ontario", None, "America/Toronto", "city"),
        *(("Atlanta, Georgia", None, "America/New_York", "city"), ("Atlanta", "Georgia", "America/New_York", "city")),
        *(("Chicago", "IL", "America/Chicago", "city"), ("Wilmington", "Delaware", "America/New_York", "city")),
        *(("Los Angeles", "CA", "America/Los_Angeles", "city"), ("Toronto", "CA", "America/Toronto", "city")),
        *(("Batumi", "Georgia", "Asia/Tbilisi", "country"), ("Tbilisi", "Georgia", "Asia/Tbilisi", "city")),
        *(("Tbilisi, Georgia", None, "Asia/Tbilisi", "city"), ("Toronto, CA", None, "America/Toronto", "city")),
        ("Berlin, DE", None, "Europe/Berlin", "city"),
        ("Perth, Western Australia", "Australia", "Australia/Perth", "city"),
        ("Melbourne, Victoria", "AU", "Australia/Melbourne", "city"),
        ("Seattle, WA", None, "America/Los_Angeles", "city"),
        ("Birmingham, England", None, "Europe/London", "country"),
        *(("Perth, Scotland", None, "Europe/London", "country"), ("Regina, SK", "CA", "America/Regina", "city")),
        *(("Barcelona", "Spain", "Europe/Madrid", "city"), ("Munich", "Germany", "Europe/Berlin", "country")),
        *(("Manchester", "UK", "Europe/London", "country"), (None, "JPN", "Asia/Tokyo", "country")),
        *(
            ("Brisbane", "Queensland, Australia", "Australia/Brisbane", "city"),
            ("Oslo", "Norge", "Europe/Oslo", "city"),
        ),
        *(("Toronto", "ON, Canada", "America/Toronto", "city"), ("Warszawa", "Polska", "Europe/Warsaw", "country")),
        *(("Miami, FL 33132", "US", "America/New_York", "city"), ("Bogotá", "CO", "America/Bogota", "city")),
        *(
            ("Los Angeles CA 90015-1111", None, "America/Los_Angeles", "city"),
            ("Cancun", "MX", "America/Cancun", "city"),
        ),
        *(("Portland", "ME", "America/New_York", "city"), ("Newark", "DE", "America/New_York", "city")),
        *(("Boston", "GA", "America/New_York", "city"), ("Berlin", "DE", "Europe/Berlin", "city")),
        ("Wherever", "Argentina", "America/Argentina/Buenos_Aires", "country"),
    ],
)
def test_a_place_that_keeps_one_time_names_it(
    zones: Timezones, city: str | None, country: str | None, timezone: str, source: str
) -> None:
    assert zones.place(city, country, SUMMER) == Placement(timezone, source)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("city", "country", "timezone"),
    [
        *(("Portland", "US", "America/Los_Angeles"), ("Arlington", None, "America/Chicago")),
        *(("Pasadena", "USA", "America/Los_Angeles"), ("London", None, "Europe/London")),
        *(("Perth", None, "Australia/Perth"), ("Portland, Dorset", None, "America/Los_Angeles")),
    ],
)
def test_a_city_that_exists_more_than_once_is_assumed_and_marked(
    zones: Timezones, city: str, country: str | None, timezone: str
) -> None:
    assert zones.place(city, country, SUMMER) == Placement(timezone, "city", is_ambiguous=True)


@pytest.mark.parametrize(
    ("city", "country", "timezone"),
    [
        *(("Belém", "PA", "America/Panama"), ("Recife", "PE", "America/Lima"), ("Paris", "IL", "Asia/Jerusalem")),
        *(("Asheville", "NC", "Pacific/Noumea"), ("Macon", "GA", "Africa/Libreville")),
        *(("Wilmington", "DE", "Europe/Berlin"), ("Boulder", "CO", "America/Bogota")),
    ],
)
def test_a_country_that_may_be_a_state_is_assumed_and_marked(
    zones: Timezones, city: str, country: str, timezone: str
) -> None:
    assert zones.place(city, country, SUMMER) == Placement(timezone, "country", is_ambiguous=True)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("city", "country"),
    [
        *((None, None), ("Paris, Texas", None), ("Springfield, IN", None), ("Portland, Kentucky", "US")),
        *((None, "US"), ("Springfield", "US"), ("London", "Canada"), ("Melbourne", "US"), ("Nashville, IN", "US")),
        *(("Atlantis", "Oceania"), ("Petersburg", None)),
    ],
)
def test_a_place_that_leaves_it_open_names_none(zones: Timezones, city: str | None, country: str | None) -> None:
    assert zones.place(city, country, SUMMER) is None


def test_every_zone_of_our_tables_exists() -> None:
    ours = {zone for table in (CITY_ZONES, REGION_ZONES) for by_zone in table.values() for zone in by_zone}
    assert {ZoneInfo(zone).key for zone in ours} == ours


def test_a_city_of_our_tables_agrees_with_its_state(zones: Timezones) -> None:
    winter = SUMMER.replace(month=1)
    for country, by_zone in CITY_ZONES.items():
        for zone, listed in by_zone.items() if country in REGION_ZONES else ():
            for entry in listed.split(","):
                city, _, region = entry.strip().rpartition(" ")
                place = zones.place(f"{city}, {region}", country, SUMMER)
                assert place is not None, entry
                assert [to_utc(at, place.timezone) for at in (winter, SUMMER)] == [
                    to_utc(at, zone) for at in (winter, SUMMER)
                ], entry


@pytest.mark.parametrize(
    ("local", "instant"),
    [
        (datetime(2026, 7, 4, 20, 0), datetime(2026, 7, 5, 0, 0, tzinfo=UTC)),  # noqa: DTZ001 - local time
        (datetime(2026, 11, 1, 1, 30), datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),  # noqa: DTZ001 - exists twice: the first
        (datetime(2026, 3, 8, 2, 30), datetime(2026, 3, 8, 7, 30, tzinfo=UTC)),  # noqa: DTZ001 - does not exist: 03:30
    ],
)
def test_a_local_time_is_one_instant_even_when_clocks_change(local: datetime, instant: datetime) -> None:
    assert to_utc(local, "America/New_York") == instant


@pytest.mark.parametrize(
    ("hours", "instant"),
    [(-4, datetime(2026, 11, 1, 5, 30, tzinfo=UTC)), (-5, datetime(2026, 11, 1, 6, 30, tzinfo=UTC))],
)
def test_a_stated_offset_decides_which_of_two_equal_times_is_meant(hours: int, instant: datetime) -> None:
    local = datetime(2026, 11, 1, 1, 30)  # noqa: DTZ001 - exists twice
    assert utc_offsets(local, "America/New_York") == {timedelta(hours=-4), timedelta(hours=-5)}
    assert to_utc(local, "America/New_York", timedelta(hours=hours)) == instant


@pytest.mark.parametrize(
    ("local", "timezone"),
    [
        (datetime(2026, 3, 8, 2, 30), "America/New_York"),  # noqa: DTZ001 - local time
        (datetime(2026, 3, 29, 2, 0), "Europe/Berlin"),  # noqa: DTZ001 - local time
        (datetime(2026, 10, 4, 2, 15), "Australia/Lord_Howe"),  # noqa: DTZ001 - half an hour is skipped
    ],
)
def test_a_time_that_clocks_skip_does_not_exist(local: datetime, timezone: str) -> None:
    assert not exists(local, timezone)
    assert exists(local - timedelta(hours=1), timezone)
    assert exists(local + timedelta(hours=1), timezone)
