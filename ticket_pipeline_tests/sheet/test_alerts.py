"""Tables of alerts: tabs, CSV files and YAML files give the same rules, and bad rows are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from ticket_pipeline.errors import SheetError
from ticket_pipeline.market.alert_grammar import parse_rule
from ticket_pipeline.sheet.alerts import Alerts, YamlSource, parse_alerts
from ticket_pipeline.sheet.csv_file import CsvSource
from ticket_pipeline.sheet.source import SheetRows

YAML = """\
alerts:
  - alert: Cheap pair
    event: glass orchard
    measure: get-in 2
    condition: below 150
    captures: 3
    channels: [desk, phone]
    active: false
  # a remark
  - alert: Off
    zone:
    measure: tickets
    Condition: falls 30% in 6h
    quiet hours: 22:00-08:00
"""
CSV = """\
Alert;Event;Measure;Condition;Captures;Channels;Active;Quiet hours
Cheap pair;glass orchard;get-in 2;below 150;3;desk, phone;FALSE;
Off;;tickets;falls 30% in 6h;;;;22:00-08:00
"""


def alerts(*rows: list[str]) -> Alerts:
    return parse_alerts(SheetRows([["Alert", "Measure", "Condition"], *rows], "a tab"))


def test_yaml_and_csv_give_the_same_rules(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(YAML, encoding="utf-8")
    (tmp_path / "a.csv").write_text(CSV, encoding="utf-8")
    read = [
        parse_alerts(source.read_rows()) for source in (YamlSource(tmp_path / "a.yaml"), CsvSource(tmp_path / "a.csv"))
    ]
    assert [one.rejected for one in read] == [[], []]
    first, second = ([parse_rule(cells) for cells in one.rules] for one in read)
    assert first == second
    assert [rule.name for rule in first] == ["Cheap pair", "Off"]
    assert (first[0].channels, first[0].captures, first[0].is_active) == (("desk", "phone"), 3, False)


def test_a_bad_row_is_named_by_its_number_and_the_others_are_taken(tmp_path: Path) -> None:
    read = alerts(
        ["A", "floor", "below 1"], ["B", "flor", "cheap"], [], ["A", "median", "new low"], ["", "#REF!", "new low"]
    )
    assert [rule["Alert"] for rule in read.rules] == ["A"]
    assert [(row.row_number, len(row.reasons)) for row in read.rejected] == [(3, 2), (5, 1), (6, 1)]
    assert "already in row 2: give one of them another name" in read.rejected[1].reasons[0]
    assert "error of the sheet itself" in read.rejected[2].reasons[0]
    (tmp_path / "a.yaml").write_text(YAML.replace("condition: below 150", "condition: cheap"), encoding="utf-8")
    assert parse_alerts(YamlSource(tmp_path / "a.yaml").read_rows()).rejected[0].row_number == 2


def test_a_key_that_is_none_of_ours_is_an_error_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(YAML.replace("quiet hours", "marketplce"), encoding="utf-8")
    with pytest.raises(SheetError, match=r"line 10 has the key 'marketplce'. The keys are alert, event"):
        YamlSource(tmp_path / "a.yaml").read_rows()


@pytest.mark.parametrize("text", ["alerts: 5", "- measure: floor", "alerts:\n  - [", "rules: []", "alerts:\n  - floor"])
def test_a_file_of_another_form_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SheetError, match=r"Could not read the YAML file"):
        YamlSource(tmp_path / "a.yaml").read_rows()


def test_a_table_without_its_columns_is_an_error_and_an_empty_one_has_no_rules() -> None:
    with pytest.raises(SheetError, match="no column 'Condition'"):
        parse_alerts(SheetRows([["Measure"], ["floor"]], "a tab"))
    assert alerts() == Alerts([], []) == parse_alerts(SheetRows([], "a tab"))
