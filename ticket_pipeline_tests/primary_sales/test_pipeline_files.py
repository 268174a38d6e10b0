"""Pipeline files: the shipped ones are good, and every mistake is named by file, line and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from ticket_pipeline.primary_sales.pipeline_files import (
    DATA_DEPENDENCIES,
    PipelineFile,
    read_pipelines,
    shipped_pipelines,
)

GOOD = """\
name: mine
description: Mine.
steps:
  - name: tickets
    selection: [vivenu_events, vivenu_tickets]
  - name: sales
    selection: vivenu_sales_daily
"""


def read_one(folder: Path, text: str) -> PipelineFile | str:
    """The pipeline of a file, or why it is rejected."""
    (folder / "mine.yaml").write_text(text, encoding="utf-8")
    pipelines, rejected = read_pipelines(folder)
    assert len(pipelines) + len(rejected) == 1
    return pipelines[0] if pipelines else rejected[0].reason


def test_the_four_shipped_pipelines_are_good() -> None:
    pipelines, rejected = read_pipelines(None)
    assert rejected == []
    assert [pipeline.name for pipeline in pipelines] == ["default", "full", "minimal", "parallel"]
    assert {path.stem for path in shipped_pipelines().glob("*.yaml")} == {one.name for one in pipelines}
    for pipeline in pipelines:
        if pipeline.name != "minimal":
            assert {table for step in pipeline.steps for table in step.tables} == set(DATA_DEPENDENCIES)


def test_a_pattern_selects_tables_in_an_order_that_works(tmp_path: Path) -> None:
    read = read_one(tmp_path, "name: mine\ndescription: All.\nsteps: [{name: all, selection: 'vivenu_*'}]\n")
    assert isinstance(read, PipelineFile)
    assert read.steps[0].tables == list(DATA_DEPENDENCIES)


def test_a_table_has_the_rules_of_its_enabled_step(tmp_path: Path) -> None:
    read = read_one(tmp_path, GOOD.replace("vivenu_tickets]", "vivenu_tickets]\n    enabled: false"))
    assert isinstance(read, PipelineFile)
    assert {table: step.name for table, step in read.rules.items()} == {"vivenu_sales_daily": "sales"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ((GOOD, "- name: mine\n"), "line 1, the document: expected fields, each as `name: value`"),
        (("  - name: sales\n    selection: vivenu_sales_daily\n", "  - sales\n"), "line 6, steps.1: expected fields"),
        (
            ("selection: vivenu_sales_daily", "selection: vivenu_sale"),
            "line 7, steps.1.selection: no table matches vivenu_sale;",
        ),
        (("selection: vivenu_sales_daily", "selektion: x"), "line 7, steps.1.selektion: "),
        (("- name: sales", "- name: tickets"), "line 6, steps.1.name: another step is named tickets"),
        (
            ("selection: vivenu_sales_daily", "selection: vivenu_tickets"),
            "vivenu_tickets is in the step tickets already",
        ),
        (("name: mine", "name: events"), "line 1, name: the table vivenu_events has this name"),
        (("name: mine", "name: off"), "line 1, name: Input should be a valid string; YAML reads it as False"),
        (("name: mine", "name: mine\nname: other"), "line 2: not valid YAML (the key name is repeated)"),
        (("selection: vivenu_sales_daily", "selection: &a [*a]"), "steps.1.selection"),
        (("steps:", "x: " + "[" * 3000 + "\nsteps:"), "not valid YAML"),
        (
            ("description: Mine.", "description: Mine.\ncron: every day"),
            "line 3, cron: 'every day' is not a valid cron expression",
        ),
        (("description: Mine.\n", ""), "line 1, description: Field required"),
        (
            ("    selection: vivenu_sales_daily", "    selection: vivenu_sales_daily\n    retries: 99"),
            "line 8, steps.1.retries: ",
        ),
        (
            ("vivenu_events, vivenu_tickets]", "vivenu_tickets]\n    condition: new_tickets"),
            "line 6, steps.0.condition: new_tickets cannot apply to vivenu_tickets",
        ),
        (
            ("    selection: vivenu_sales_daily", "    selection: vivenu_sales_daily\n    timeout_minutes: .nan"),
            "line 8, steps.1.timeout_minutes: ",
        ),
        (("selection: vivenu_sales_daily", "selection: []"), "line 7, steps.1.selection: "),
    ],
)
def test_a_mistake_is_named_by_file_line_and_field(tmp_path: Path, change: tuple[str, str], reason: str) -> None:
    rejected = read_one(tmp_path, GOOD.replace(*change))
    assert isinstance(rejected, str)
    assert reason in rejected
    assert "mine.yaml" in rejected


def test_aliases_that_stand_for_millions_are_rejected_at_once(tmp_path: Path) -> None:
    levels = "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 30))
    assert "line 1, x0: " in read_one(tmp_path, f"x0: &x0 [lol]\n{levels}{GOOD}")


def test_a_bad_file_leaves_the_others_and_two_of_one_name_are_not_both_used(tmp_path: Path) -> None:
    files = {"a.yaml": GOOD, "b.yml": GOOD, "c.yaml": "steps: 1\n", "d.YAML": GOOD.replace("mine", "other")}
    for name, text in (files | {".e.yaml": "steps: 1\n", "notes.txt": "steps: 1\n"}).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    pipelines, rejected = read_pipelines(tmp_path)
    assert [one.name for one in pipelines] == ["mine", "other"]
    assert [one.file for one in rejected] == ["b.yml", "c.yaml"]
    assert "b.yml, line 1, name: the pipeline in a.yaml has this name" in rejected[0].reason


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name, reason in (("none", "No such file or directory"), ("file", "Not a directory")):
        pipelines, (rejected,) = read_pipelines(tmp_path / name)
        assert pipelines == []
        assert f"PIPELINES_DIR={tmp_path / name}: {reason}" in rejected.reason
