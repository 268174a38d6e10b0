"""The timezone of an event: the one its row names, else that of its city or its country."""

from __future__ import annotations

import importlib.resources
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple, Self
from zoneinfo import ZoneInfo

from ticket_pipeline.sheet.places import (
    ALPHA_3,
    AMBIGUOUS_CITIES,
    CITY_ZONES,
    COUNTRY_ALIASES,
    REGION_NAMES,
    REGION_ZONES,
)

TimezoneSource = Literal["column", "city", "country", "default"]


class Placement(NamedTuple):
    """An IANA timezone and what it was derived from; `is_ambiguous`: a city of the same name has another one."""

    timezone: str
    source: TimezoneSource
    is_ambiguous: bool = False


class _City(NamedTuple):
    timezone: str
    country: str
    region: str | None  # state or province, where the table has it

    def is_in(self, regions: Iterable[tuple[str, str]]) -> bool:
        """Whether it can be in one of these (country, state or province) pairs."""
        return any(country == self.country and self.region in {None, region} for country, region in regions)


class _Suffixes(NamedTuple):
    """What follows a city's name: (country, state or province) pairs, countries, and whether all of it is known."""

    regions: set[tuple[str, str]]
    countries: set[str]
    is_readable: bool


@dataclass(frozen=True, slots=True)
class Timezones:
    """An index of the tz database and of `places`; make one with `load` and use it for a whole sheet."""

    _names: dict[str, str]
    _countries: dict[str, str]
    _country_zones: dict[str, list[str]]
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
            _cities=_index_cities(country_zones),
        )

    def find_name(self, text: str) -> str | None:
        """The IANA name that `text` spells, in any case.

        Of names without a slash only UTC and GMT count: in a sheet `EST` means New York's time all year, in the tz
        database it is winter time only.
        """
        return self._names.get(text.casefold().replace(" ", "_"))

    def find_country(self, text: str) -> str | None:
        """The ISO 3166 alpha-2 code of a country given by alpha-2, alpha-3 or a usual English name."""
        return self._countries.get(_key(text))

    def place(self, city: str | None, country: str | None, local_time: datetime) -> Placement | None:
        """The timezone of `city` or else `country` at `local_time` (naive); None where neither determines it.

        A city may be followed by its state, province or country, abbreviated or not. It counts only within that place
        and within the country of the row. A country counts where all its zones show the same time that day; a country
        that is also the city's state, such as Georgia for Atlanta, is the state.
        """
        name, *suffixes = (part.strip(" )") for part in re.split("[,(]", _POSTCODE.sub("", city or "")))
        head, _, last = name.rpartition(" ")
        if _key(name) not in self._cities and head and _key(last) in _REGIONS and (last.isupper() or len(last) > 3):  # noqa: PLR2004 - no abbreviation
            name, suffixes = head, [last, *suffixes]  # "Portland ME", "Portland Maine"
        known = self._cities.get(_key(name))
        regions = _REGIONS.get(_key(country or ""), [])
        is_short = len(country or "") == 2  # noqa: PLR2004 - an abbreviation
        # "ME" beside Portland is Maine, though our Portland is in Oregon; "Georgia" beside it may be either.
        is_state = known is not None and (
            known.is_in(regions) or (is_short and known.country in {where for where, _ in regions})
        )
        before, _, last = (country or "").rpartition(",")
        if before and self.find_country(country or "") is None and self.find_country(last):  # "Ontario, Canada"
            suffixes, country = [*suffixes, *before.split(",")], last
        code = self.find_country(country) if country and not is_state else None
        if country and code is None:
            suffixes.append(country)  # a state or province in the wrong column
        suffix = self._read_suffixes(name, suffixes, code)
        if name and (placement := self._place_city(name, suffix, code)):
            return placement
        code = code or next(iter(suffix.countries), None)
        zones = self._country_zones.get(code, []) if code else []
        if zones and len({to_utc(local_time, zone) for zone in zones}) == 1:
            # In that column "NC" may be New Caledonia or North Carolina, and "PA" beside a city of Brazil be Pará.
            is_elsewhere = known is not None and known.country != code and known.country not in REGION_NAMES
            return Placement(zones[0], "country", is_ambiguous=is_short and (bool(regions) or is_elsewhere))
        return None

    def _read_suffixes(self, name: str, suffixes: list[str], country: str | None) -> _Suffixes:
        """What follows a city's name. "Toronto, CA" is in Canada, not in California: the city decides."""
        read = _Suffixes(set(), set(), is_readable=True)
        city = self._cities.get(_key(name))
        for part in filter(None, suffixes):
            regions = {one for one in _REGIONS.get(_key(part), ()) if country in {None, one[0]}}
            found = self.find_country(part)
            if found and (not regions or (city is not None and found == city.country)):
                read.countries.add(found)
            elif regions:
                read.regions.update(regions)
            else:
                read = read._replace(is_readable=False)
        return read

    def _place_city(self, name: str, suffix: _Suffixes, country: str | None) -> Placement | None:
        zones = {zone for region in suffix.regions if (zone := _ZONE_OF_REGION.get(region))}
        if len(zones) == 1:
            return Placement(zones.pop(), "city")
        key, countries = _key(name), suffix.countries | ({country} if country else set())
        city = self._cities.get(key)
        if city is None or (countries and city.country not in countries):
            return None
        if suffix.regions:
            return Placement(city.timezone, "city") if city.is_in(suffix.regions) else None
        is_ambiguous = key in _AMBIGUOUS.get(city.country, ()) or (not countries and key in _AMBIGUOUS[""])
        return Placement(city.timezone, "city", is_ambiguous=is_ambiguous or not suffix.is_readable)


def to_utc(local_time: datetime, timezone: str, stated_offset: timedelta | None = None) -> datetime:
    """The moment of a naive local time as aware UTC.

    A time that exists twice (clocks went back) is the first of the two unless `stated_offset` is that of the second;
    one that does not exist (clocks went forward) is read with the offset before the change: `fold=0` of PEP 495.
    """
    second = local_time.replace(tzinfo=ZoneInfo(timezone), fold=1)
    if stated_offset is not None and second.utcoffset() == stated_offset:
        return second.astimezone(UTC)
    return second.replace(fold=0).astimezone(UTC)


def utc_offsets(local_time: datetime, timezone: str) -> set[timedelta]:
    """How far `timezone` is ahead of UTC at a naive local time: one value, or two where the time exists twice."""
    zone = ZoneInfo(timezone)
    return {local_time.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1)}


def exists(local_time: datetime, timezone: str) -> bool:
    """Whether the clocks of a timezone show this naive local time: an hour is skipped when they go forward."""
    return to_utc(local_time, timezone).astimezone(ZoneInfo(timezone)).replace(tzinfo=None) == local_time


def _key(text: str) -> str:
    """A place's name reduced to its letters and digits, so that "St. Louis" is "st louis" and "Bogotá" "bogota"."""
    return "".join(letter for letter in unicodedata.normalize("NFD", text).casefold() if letter.isalnum())


def _table(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]


def _index_countries(iso: list[tuple[str, str]]) -> dict[str, str]:
    """Names, alpha-3 and alpha-2 codes to alpha-2; later entries win, so a code is never taken for a name."""
    names = {_key(re.sub(r" \(.*\)", "", name)): code for code, name in iso}
    names |= {_key(name): code for code, name in iso} | {_key(name): code for name, code in COUNTRY_ALIASES.items()}
    names |= {pair[:3].casefold(): pair[3:] for pair in ALPHA_3.split()}
    return names | {code.casefold(): code for code, _ in iso}


def _index_cities(country_zones: dict[str, list[str]]) -> dict[str, _City]:
    """Cities of `places`, and those after which a zone is named, with its state where the zone has only one.

    Zones with a third part (America/Indiana/Petersburg) are named after places too small to be meant; those that are
    not are in `places`.
    """
    cities: dict[str, _City] = {}
    for country, zones in country_zones.items():
        for zone in (zone for zone in zones if zone.count("/") == 1):
            regions = REGION_ZONES.get(country, {}).get(zone, "").split()
            cities[_key(zone.split("/")[1])] = _City(zone, country, regions[0] if len(regions) == 1 else None)
    for country, by_zone in CITY_ZONES.items():
        for zone, listed in by_zone.items():
            for entry in listed.split(","):
                name, _, region = entry.rpartition(" ") if country in REGION_ZONES else (entry, "", None)
                cities[_key(name)] = _City(zone, country, region)
    return cities


def _index_regions() -> dict[str, list[tuple[str, str]]]:
    regions: dict[str, list[tuple[str, str]]] = {}
    for country, listed in REGION_NAMES.items():
        for entry in listed.split(","):
            name, _, code = entry.strip().rpartition(" ")
            for key in (_key(name), code.casefold()):
                if (country, code) not in regions.setdefault(key, []):
                    regions[key].append((country, code))
    return regions


_POSTCODE = re.compile(r"(?<=\w\w) [0-9]{5}(?:-[0-9]{4})?$")
_REGIONS = _index_regions()
_ZONE_OF_REGION = {
    (country, region): zone
    for country, zones in REGION_ZONES.items()
    for zone, regions in zones.items()
    for region in regions.split()
}
_AMBIGUOUS = {country: {_key(name) for name in listed.split(",")} for country, listed in AMBIGUOUS_CITIES.items()}
