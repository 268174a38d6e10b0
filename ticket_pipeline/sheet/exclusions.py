"""The user's own rules of what is a seat: the tab or CSV file `Exclusions`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ticket_pipeline.market.admission import AdmissionRule
from ticket_pipeline.market.admission_table import Admission
from ticket_pipeline.market.section_patterns import text_key
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.sheet.cells import CellProblem, parse_required_text, parse_text
from ticket_pipeline.sheet.columns import header_key
from ticket_pipeline.sheet.rule_table import RuleColumns, read_rule_table

if TYPE_CHECKING:
    from ticket_pipeline.market.events import RejectedRow
    from ticket_pipeline.sheet.source import SheetRows


class ExclusionField(StrEnum):
    """The columns; a blank marketplace or venue, or none of these columns, means any."""

    MARKETPLACE = "Marketplace"
    VENUE = "Venue"
    SECTION = "Section"
    ADMISSION = "Admission"


@dataclass(frozen=True, slots=True)
class Exclusions:
    """The rules in the order of the table, and the rows that cannot be used."""

    rules: list[AdmissionRule]
    rejected: list[RejectedRow]


_ANY = frozenset({"", "any", "all", "*"})
_MARKETPLACES = {
    name: marketplace
    for marketplace in Marketplace
    if marketplace.has_listings
    for name in (header_key(marketplace), header_key(marketplace.traits.label), *sorted(marketplace.traits.hosts))
}
_LABELS = ", ".join(marketplace.traits.label for marketplace in Marketplace if marketplace.has_listings)
_ADMISSIONS = {
    **dict.fromkeys(("seat", "seats", "include", "included", "keep"), Admission.SEAT),
    **dict.fromkeys(("ground", "grounds", "groundspass", "lawn"), Admission.GROUNDS),
    **dict.fromkeys(("parking", "lot"), Admission.PARKING),
    **dict.fromkeys(("extra", "extras", "exclude", "excluded", "ignore"), Admission.EXTRA),
}


def parse_exclusions(rows: SheetRows) -> Exclusions:
    """Read the rules: one per row, of marketplace, venue, section pattern (as in the venue map) and admission.

    A column that is missing or there twice is a SheetError; a table without rows has no rules.
    """
    rules, rejected = read_rule_table(rows, _COLUMNS)
    return Exclusions(
        [
            AdmissionRule(
                _parse_marketplace(cells[ExclusionField.MARKETPLACE]),
                _parse_venue(cells[ExclusionField.VENUE]),
                cells[ExclusionField.SECTION],
                _parse_admission(cells[ExclusionField.ADMISSION]),
            )
            for cells in rules
        ],
        rejected,
    )


def _parse_marketplace(text: str) -> Marketplace | None:
    if text.casefold() in _ANY:
        return None
    if header_key(text) not in _MARKETPLACES:
        raise CellProblem(f"is not a marketplace with listings: write {_LABELS}, or leave it blank for all")
    return _MARKETPLACES[header_key(text)]


def _parse_venue(text: str) -> str | None:
    return None if text.casefold() in _ANY else parse_text(text)


def _parse_section(text: str) -> str:
    return parse_required_text(text, "write a section, a pattern such as Lot*, a range such as 101-120, or * for all")


def _parse_admission(text: str) -> Admission:
    if header_key(text) not in _ADMISSIONS:
        raise CellProblem("is not an admission: write seat, grounds, parking or extra")
    return _ADMISSIONS[header_key(text)]


_PARSERS = {
    ExclusionField.MARKETPLACE: _parse_marketplace,
    ExclusionField.VENUE: _parse_venue,
    ExclusionField.SECTION: _parse_section,
    ExclusionField.ADMISSION: _parse_admission,
}
_COLUMNS = RuleColumns(
    aliases={
        ExclusionField.MARKETPLACE: "marketplace marketplaces market site source",
        ExclusionField.VENUE: "venue venuename",
        ExclusionField.SECTION: "section sections sectionpattern pattern",
        ExclusionField.ADMISSION: "admission admissions is kind countsas",
    },
    required=(ExclusionField.SECTION, ExclusionField.ADMISSION),
    section=ExclusionField.SECTION,
    check=lambda field, text: _PARSERS[field](text),
    scope=lambda cells: (
        _parse_marketplace(cells[ExclusionField.MARKETPLACE]),
        text_key(_parse_venue(cells[ExclusionField.VENUE]) or ""),
    ),
    scope_words="marketplace, venue",
)
