"""The table of price alerts: a tab, a CSV file, or a YAML file with the same names (grammar: `market.alert_rules`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from ticket_pipeline.errors import ConfigurationError, SheetError
from ticket_pipeline.market.alert_grammar import RuleProblemsError, parse_rule
from ticket_pipeline.market.alert_rules import AlertField
from ticket_pipeline.market.events import RejectedRow
from ticket_pipeline.settings.yaml_files import read_document
from ticket_pipeline.sheet.cells import CellProblem, check_formula, shown, storable
from ticket_pipeline.sheet.columns import find_header, header_error, header_key, match_headers
from ticket_pipeline.sheet.source import SheetRows

_ALIASES = {
    AlertField.ALERT: "alert name alertname rule",
    AlertField.EVENT: "event events eventname",
    AlertField.MARKETPLACE: "marketplace marketplaces market site source",
    AlertField.ZONE: "zone zones section",
    AlertField.MEASURE: "measure what metric",
    AlertField.CONDITION: "condition when",
    AlertField.CAPTURES: "captures for pending",
    AlertField.COOLDOWN: "cooldown pause",
    AlertField.QUIET_HOURS: "quiethours quiet",
    AlertField.CHANNELS: "channels channel tags",
    AlertField.ACTIVE: "active isactive enabled on",
}
_FIELDS = {alias: field for field, names in _ALIASES.items() for alias in names.split()}
_REQUIRED = (AlertField.MEASURE, AlertField.CONDITION)


@dataclass(frozen=True, slots=True)
class Alerts:
    """The rules as cleaned cells, in the order of the table, and the rows that cannot be used."""

    rules: list[dict[str, str]]
    rejected: list[RejectedRow]


def parse_alerts(rows: SheetRows) -> Alerts:
    """Read the rules: one per row.

    A column that is missing or there twice is a SheetError; a table without rows has no rules.
    """
    if not rows.values:
        return Alerts([], [])
    header_at = find_header(rows.values, _ALIASES) or 0
    columns, problems = match_headers(rows.values[header_at], _ALIASES)
    problems += [f"no column '{field}'" for field in _REQUIRED if field not in columns.positions]
    if problems:
        raise header_error(rows.source, columns.headers, problems)
    rules: list[dict[str, str]] = []
    rejected: list[RejectedRow] = []
    names: dict[str, int] = {}
    for number, row in enumerate(rows.values[header_at + 1 :], start=header_at + 2):
        cells = {str(field): text for field in AlertField if (text := columns.cell(row, field))}
        if not cells:
            continue
        name, reasons = _read(cells)
        if name in names:
            reasons.append(f"The alert {shown(name)} is already in row {names[name]}: give one of them another name.")
        if reasons:
            raw = {field: storable(text) for field, text in cells.items()}
            rejected.append(RejectedRow(number, raw, tuple(reasons)))
        else:
            names[name] = number
            rules.append(cells | {str(AlertField.ALERT): name})
    return Alerts(rules, rejected)


def _read(cells: dict[str, str]) -> tuple[str, list[str]]:
    """The name of a rule, and why it cannot be used."""
    reasons = []
    for field, text in cells.items():
        try:
            check_formula(text)
        except CellProblem as problem:
            reasons.append(f"{field} {shown(text)} {problem}.")
    try:
        return parse_rule(cells).name, reasons
    except RuleProblemsError as problems:
        return "", reasons or problems.reasons


class _File(BaseModel):
    """The document: rules under the key `alerts`."""

    model_config = ConfigDict(extra="forbid")

    alerts: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class YamlSource:
    """Rules in a YAML file, as rows: the number of a row is the line on which its rule begins."""

    path: Path

    def read_rows(self) -> SheetRows:
        """Read the whole file; a SheetError where it cannot be read."""
        source = f"the YAML file {self.path}"
        try:
            read_document(self.path, _File)
            rules = _rules_as_written(self.path.read_text(encoding="utf-8"))
        except ConfigurationError as error:
            raise SheetError(f"Could not read {source}: {error}") from error
        header = [str(field) for field in AlertField]
        values = [header]
        for line, rule in rules:
            cells = {_FIELDS.get(header_key(key)): text for key, text in rule.items()}
            if unknown := [key for key in rule if header_key(key) not in _FIELDS]:
                raise SheetError(
                    f"Could not read {source}: line {line} has the key {shown(unknown[0])}. The keys are "
                    f"{', '.join(field.lower() for field in AlertField)}."
                )
            values += [[] for _ in range(line - 1 - len(values))]
            values.append([cells.get(field, "") for field in AlertField])
        return SheetRows(values, source)


def _rules_as_written(text: str) -> list[tuple[int, dict[str, str]]]:
    """Each rule with its line, and its values as they are written: to YAML, a name such as Off is a truth value."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    return [
        (rule.start_mark.line + 1, {str(key.value): _as_cell(value) for key, value in rule.value})
        for _, rules in pairs
        for rule in rules.value
    ]


def _as_cell(node: yaml.Node) -> str:
    if isinstance(node, yaml.SequenceNode):
        return ", ".join(map(_as_cell, node.value))
    if isinstance(node, yaml.MappingNode):
        return "{…}"
    return "" if node.tag.endswith(":null") else str(node.value)
