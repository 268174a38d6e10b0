"""The timezone of an event: the one its row names, else the one its city or its country keeps.

What belongs here: names of zones, cities and countries to an IANA timezone, from the `tzdata` package and `places`.
What does not: dates as written in a cell (see `dates`).
"""

from __future__ import annotations

import importlib.resources
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple, Self
from zoneinfo import ZoneInfo

from ticket_pipeline.sheet.places import ALPHA_3, CITY_ZONES, COUNTRY_ALIASES, REGION_ZONES

TimezoneSource = Literal["column", "city", "country", "default"]


class Placement(NamedTuple):
    """An IANA timezone and what it was concluded from."""

    timezone: str
    source: TimezoneSource


class _City(NamedTuple):
    """A city that fixes a timezone; `region` is its state or province where the table has it."""

    timezone: str
    country: str
    region: str | None


@dataclass(frozen=True, slots=True)
class Timezones:
    """An index of the tz database and of our own places; make one with `load` and use it for a whole sheet."""

    _names: dict[str, str]
    _countries: dict[str, str]
    _country_zones: dict[str, list[str]]
    _regions: dict[tuple[str, str], str]
    _cities: dict[str, _City]

    @classmethod
    def load(cls) -> Self:
        """Read the tz database's lists from the `tzdata` package (three small files, a few milliseconds)."""
        data = importlib.resources.files("tzdata")
        names = (data / "zones").read_text(encoding="utf-8").split()
        country_zones: dict[str, list[str]] = {}
        for country, _, zone, *_ in _table((data / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")):
            country_zones.setdefault(country, []).append(zone)
        iso = _table((data / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8"))
        return cls(
            _names={name.casefold(): name for name in names if "/" in name or name in {"UTC", "GMT"}},
            _countries=_index_countries([(code, name) for code, name, *_ in iso]),
            _country_zones=country_zones,
            _regions=_index_regions(),
            _cities=_index_cities(country_zones),
        )

    def find_name(self, text: str) -> str | None:
        """The IANA name that `text` spells, in any case; None where it is none.

        Names without a slash are refused but for UTC and GMT: in a sheet `EST` means New York's time the year round, in
        the tz database it is winter time only.
        """
        return self._names.get(text.casefold().replace(" ", "_"))

    def find_country(self, text: str) -> str | None:
        """The ISO 3166 alpha-2 code of a country given by alpha-2, alpha-3 or a usual English name."""
        return self._countries.get(_key(text))

    def place(self, city: str | None, country: str | None, local_time: datetime) -> Placement | None:
        """The timezone that `city` or else `country` keeps at `local_time` (naive); None where neither settles it.

        A city counts only within the country the row names. A country counts where all its zones show the same time
        that day, such as Germany's two. `City, ST` is understood for states of the USA and provinces of Canada.
        """
        code = self.find_country(country) if country else None
        if city and (zone := self._zone_of_city(city, code)):
            return Placement(zone, "city")
        zones = self._country_zones.get(code, []) if code else []
        if zones and len({_utc_of(local_time, zone) for zone in zones}) == 1:
            return Placement(zones[0], "country")
        return None

    def _zone_of_city(self, text: str, country: str | None) -> str | None:
        name, *suffixes = (part.strip() for part in text.split(","))
        regions = {suffix.upper().replace(".", "") for suffix in suffixes}
        named = {
            zone for (code, region), zone in self._regions.items() if region in regions and country in {None, code}
        }
        if len(named) == 1:
            return named.pop()
        city = self._cities.get(_key(name))
        if city is None or country not in {None, city.country}:
            return None
        elsewhere = {region for region in regions if re.fullmatch("[A-Z]{2}", region)} - {city.country}
        return None if city.region and elsewhere and city.region not in elsewhere else city.timezone


def to_utc(local_time: datetime, timezone: str) -> datetime:
    """The instant of a naive local time in an IANA timezone, as aware UTC.

    Twice a year a clock lies. A time that exists twice (clocks went back) is taken as the first of the two; a time that
    does not exist (clocks went forward) is read with the offset before the change, which lands one hour later on the
    new clock: `fold=0` of PEP 495.
    """
    return local_time.replace(tzinfo=ZoneInfo(timezone), fold=0).astimezone(UTC)


def utc_offset(local_time: datetime, timezone: str) -> timedelta:
    """How far `timezone` is ahead of UTC at a naive local time, read as in `to_utc`."""
    return local_time.replace(tzinfo=UTC) - to_utc(local_time, timezone)


def _utc_of(local_time: datetime, zone: str) -> datetime:
    return to_utc(local_time, zone)


def _key(text: str) -> str:
    """A place's name reduced to its letters and digits, so that "St. Louis" and "st louis" are one."""
    return "".join(letter for letter in unicodedata.normalize("NFC", text).casefold() if letter.isalnum())


def _table(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]


def _index_countries(iso: list[tuple[str, str]]) -> dict[str, str]:
    """Names, alpha-3 and alpha-2 codes to alpha-2; later entries win, so a code is never mistaken for a name."""
    names = {_key(re.sub(r" \(.*\)", "", name)): code for code, name in iso}
    names |= {_key(name): code for code, name in iso} | COUNTRY_ALIASES
    names |= {pair[:3].casefold(): pair[3:] for pair in ALPHA_3.split()}
    return names | {code.casefold(): code for code, _ in iso}


def _index_regions() -> dict[tuple[str, str], str]:
    return {
        (country, region): zone
        for country, zones in REGION_ZONES.items()
        for zone, regions in zones.items()
        for region in regions.split()
    }


def _index_cities(country_zones: dict[str, list[str]]) -> dict[str, _City]:
    """Cities of `places`, and those after which a zone is named.

    Zones with a third part (America/Indiana/Petersburg) are named after places too small to be meant; those that are
    not stand in `places`.
    """
    cities = {
        _key(zone.split("/")[1]): _City(zone, country, None)
        for country, zones in country_zones.items()
        for zone in zones
        if zone.count("/") == 1
    }
    for country, by_zone in CITY_ZONES.items():
        for zone, listed in by_zone.items():
            for entry in listed.split(","):
                name, region = _split_region(entry.strip(), country)
                cities[_key(name)] = _City(zone, country, region)
    return cities


def _split_region(entry: str, country: str) -> tuple[str, str | None]:
    if country not in REGION_ZONES:
        return entry, None
    name, _, region = entry.rpartition(" ")
    return name, region
