"""Tables of rules for sections, such as the venue map: one rule per row, with a pattern of section names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

from ticket_pipeline.market.events import RejectedRow
from ticket_pipeline.market.section_patterns import runs_backwards, section_key
from ticket_pipeline.sheet.cells import CellProblem, check_formula, shown, storable
from ticket_pipeline.sheet.columns import find_header, header_error, match_headers

if TYPE_CHECKING:
    from ticket_pipeline.sheet.source import SheetRows

F = TypeVar("F", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class RuleColumns(Generic[F]):
    """The columns of a table of rules.

    Attributes:
        aliases: column → its headers, as `header_key`, separated by blanks.
        required: those that must be there.
        section: the one that holds the pattern of sections.
        check: raises a CellProblem where a cell of a column cannot be used.
        scope: what a rule is about apart from its sections; a row with the scope and sections of an earlier one is
            rejected.
        scope_words: the same in words.
    """

    aliases: Mapping[F, str]
    required: Collection[F]
    section: F
    check: Callable[[F, str], object]
    scope: Callable[[Mapping[F, str]], Hashable]
    scope_words: str


def read_rule_table(rows: SheetRows, table: RuleColumns[F]) -> tuple[list[dict[F, str]], list[RejectedRow]]:
    """The rules of a table as cleaned cells, in its order, and the rows that cannot be used with all their reasons.

    A column that is missing or there twice is a SheetError; a table without rows has no rules.
    """
    header_at = find_header(rows.values, table.aliases) or 0
    columns, problems = match_headers(rows.values[header_at] if rows.values else [], table.aliases)
    problems += [f"no column '{field}'" for field in table.required if field not in columns.positions]
    if problems:
        raise header_error(rows.source, columns.headers, problems)
    rules: list[dict[F, str]] = []
    rejected: list[RejectedRow] = []
    first_rows: dict[Hashable, int] = {}
    for number, row in enumerate(rows.values[header_at + 1 :], start=header_at + 2):
        cells = {field: columns.cell(row, field) for field in table.aliases}
        if not any(cells.values()):
            continue
        reasons = [
            f"{columns.title(field)} {shown(text)} {problem}."
            for field, text in cells.items()
            if (problem := _problem(table, field, text)) is not None
        ]
        section = cells[table.section]
        if runs_backwards(section):
            reasons.append(f"{columns.title(table.section)} {shown(section)} is a range that runs backwards.")
        claim = () if reasons else (table.scope(cells), section_key(section))
        if claim in first_rows:
            same = f"The same {table.scope_words} and section are already in row {first_rows[claim]}, which wins"
            reasons.append(f"{same}: remove one of the two rows.")
        if reasons:
            raw = {str(field): storable(text) for field, text in cells.items()}
            rejected.append(RejectedRow(number, raw, tuple(reasons)))
        else:
            first_rows[claim] = number
            rules.append(cells)
    return rules, rejected


def _problem(table: RuleColumns[F], field: F, text: str) -> CellProblem | None:
    try:
        check_formula(text)
        table.check(field, text)
    except CellProblem as problem:
        return problem
    return None
