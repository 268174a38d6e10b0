"""The venue map: the price zone of each section of a venue, as its owner defines it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from ticket_pipeline.market.section_patterns import SectionPattern, section_key, text_key
from ticket_pipeline.sheet.cells import clean, parse_required_text
from ticket_pipeline.sheet.rule_table import RuleColumns, read_rule_table

if TYPE_CHECKING:
    from ticket_pipeline.market.events import RejectedRow
    from ticket_pipeline.sheet.source import SheetRows


class ZoneField(StrEnum):
    """The columns of the venue map; all are required."""

    VENUE = "Venue"
    SECTION = "Section"
    ZONE = "Zone"


_COLUMNS = RuleColumns(
    aliases={
        ZoneField.VENUE: "venue venuename",
        ZoneField.SECTION: "section sections sectionpattern pattern",
        ZoneField.ZONE: "zone zonename",
    },
    required=tuple(ZoneField),
    section=ZoneField.SECTION,
    check=lambda _, text: parse_required_text(text, "fill in all three columns"),
    scope=lambda cells: _key(cells[ZoneField.VENUE]),
    scope_words="venue",
)


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
    rows_of_rules, rejected = read_rule_table(rows, _COLUMNS)
    rules: dict[str, list[_Rule]] = {}
    for cells in rows_of_rules:
        rule = _Rule(cells[ZoneField.ZONE], SectionPattern.read(cells[ZoneField.SECTION]))
        rules.setdefault(_key(cells[ZoneField.VENUE]), []).append(rule)
    return ZoneMap(rules, rejected, [ZoneText(*cells.values()) for cells in rows_of_rules])


def _key(text: str) -> str:
    return text_key(clean(text))
