"""The venue map: the price zone of each section of a venue, as its owner defines it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from ticket_pipeline.market.events import RejectedRow
from ticket_pipeline.market.section_patterns import SectionPattern, runs_backwards, section_key, text_key
from ticket_pipeline.sheet.cells import CellProblem, check_formula, clean, parse_required_text, shown, storable
from ticket_pipeline.sheet.columns import Columns, find_header, header_error, match_headers

if TYPE_CHECKING:
    from ticket_pipeline.sheet.source import SheetRows


class ZoneField(StrEnum):
    """The columns of the venue map; all are required."""

    VENUE = "Venue"
    SECTION = "Section"
    ZONE = "Zone"


_ALIASES: Mapping[ZoneField, str] = {
    ZoneField.VENUE: "venue venuename",
    ZoneField.SECTION: "section sections sectionpattern pattern",
    ZoneField.ZONE: "zone zonename",
}


class ZoneText(NamedTuple):
    """One rule as its owner wrote it."""

    venue: str
    section_pattern: str
    zone: str


class _Rule(NamedTuple):
    zone: str
    pattern: SectionPattern


@dataclass(frozen=True, slots=True)
class ZoneMap:
    """The rules of every venue, in the order of the sheet.

    Attributes:
        texts: the rules as written: `parse_zones` makes the same map of them again.
    """

    _rules: dict[str, list[_Rule]]
    rejected: list[RejectedRow]
    texts: list[ZoneText]

    @property
    def rule_count(self) -> int:
        """How many rows are rules."""
        return len(self.texts)

    def covers(self, venue: str | None) -> bool:
        """Whether the map has any rule for this venue."""
        return _key(venue or "") in self._rules

    def zone_of(self, venue: str | None, section: str | None) -> str | None:
        """The zone of a section: that of the first matching rule of its venue; None where none matches."""
        name = section_key(clean(section or ""))
        rules = self._rules.get(_key(venue or ""), ()) if name else ()
        return next((rule.zone for rule in rules if rule.pattern.matches(name)), None)


def parse_zones(rows: SheetRows) -> ZoneMap:
    """Read a venue map: one rule per row, of venue, section pattern and zone.

    A pattern is a section's exact text, a glob (`Floor*`, `1?? VIP`), or a range of numbers (`101-120`, `Balcony
    1-12`), in any case; the word "Section" before it does not count. The first matching rule wins. A column that is
    missing or there twice is a SheetError; a map without rows is an empty map.
    """
    header_at = find_header(rows.values, _ALIASES) or 0
    columns, problems = match_headers(rows.values[header_at] if rows.values else [], _ALIASES)
    problems += [f"no column '{field}'" for field in ZoneField if field not in columns.positions]
    if problems:
        raise header_error(rows.source, columns.headers, problems)
    rules: dict[str, list[_Rule]] = {}
    rejected: list[RejectedRow] = []
    texts: list[ZoneText] = []
    first_rows: dict[tuple[str, str], int] = {}
    for number, row in enumerate(rows.values[header_at + 1 :], start=header_at + 2):
        cells = {field: columns.cell(row, field) for field in ZoneField}
        if not any(cells.values()):
            continue
        claim = (_key(cells[ZoneField.VENUE]), section_key(cells[ZoneField.SECTION]))
        reasons = _reasons(columns, cells, first_rows.get(claim))
        if reasons:
            raw = {str(field): storable(text) for field, text in cells.items()}
            rejected.append(RejectedRow(number, raw, tuple(reasons)))
        else:
            first_rows[claim] = number
            rules.setdefault(claim[0], []).append(
                _Rule(cells[ZoneField.ZONE], SectionPattern.read(cells[ZoneField.SECTION]))
            )
            texts.append(ZoneText(*cells.values()))
    return ZoneMap(rules, rejected, texts)


def _reasons(columns: Columns[ZoneField], cells: Mapping[ZoneField, str], first_row: int | None) -> list[str]:
    reasons = []
    for field, text in cells.items():
        try:
            check_formula(text)
            parse_required_text(text, "fill in all three columns")
        except CellProblem as problem:
            reasons.append(f"{columns.title(field)} {shown(text)} {problem}.")
    section = cells[ZoneField.SECTION]
    if runs_backwards(section):
        reasons.append(f"{columns.title(ZoneField.SECTION)} {shown(section)} is a range that runs backwards.")
    if first_row and not reasons:
        same = f"The same venue and section are already in row {first_row}, which wins"
        reasons.append(f"{same}: remove one of the two rows.")
    return reasons


def _key(text: str) -> str:
    return text_key(clean(text))
