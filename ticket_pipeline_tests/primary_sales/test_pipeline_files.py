"""Pipeline files: the shipped ones are good, and every mistake is told by file, line and field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ticket_pipeline.primary_sales.pipeline_files import (
    DATA_DEPENDENCIES,
    PipelineFile,
    read_pipelines,
    shipped_pipelines,
)

if TYPE_CHECKING:
    from pathlib import Path

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
    """The pipeline of a file, or why it is refused."""
    (folder / "mine.yaml").write_text(text, encoding="utf-8")
    pipelines, refused = read_pipelines(folder)
    assert len(pipelines) + len(refused) == 1
    return pipelines[0] if pipelines else refused[0].reason


def test_the_four_shipped_pipelines_are_good() -> None:
    pipelines, refused = read_pipelines(None)
    assert refused == []
    assert [pipeline.name for pipeline in pipelines] == ["default", "full", "minimal", "parallel"]
    assert {path.stem for path in shipped_pipelines().glob("*.yaml")} == {one.name for one in pipelines}
    for pipeline in pipelines:
        if pipeline.name != "minimal":
            assert {table for step in pipeline.steps for table in step.tables} == set(DATA_DEPENDENCIES)


def test_a_pattern_selects_tables_in_an_order_that_works(tmp_path: Path) -> None:
    read = read_one(tmp_path, "name: mine\ndescription: All.\nsteps: [{name: all, selection: 'vivenu_*'}]\n")
    assert isinstance(read, PipelineFile)
    assert read.steps[0].tables == list(DATA_DEPENDENCIES)


def test_a_step_needs_what_makes_its_data_and_what_it_names(tmp_path: Path) -> None:
    text = (
        GOOD
        + "  - {name: people, selection: vivenu_gender, depends_on: sales}\n"
        + "  - {name: summary, selection: vivenu_summary}\n"
    )
    read = read_one(tmp_path, text)
    assert isinstance(read, PipelineFile)
    # Of the summary's four sources two are made here, and of those `people` waits for `sales` already.
    assert [read.needs(step) for step in read.steps] == [[], ["tickets"], ["sales"], ["people"]]


def test_a_step_needs_what_a_disabled_one_between_them_needs(tmp_path: Path) -> None:
    text = GOOD + "    enabled: false\n  - {name: summary, selection: vivenu_summary}\n"
    read = read_one(tmp_path, text)
    assert isinstance(read, PipelineFile)
    assert read.needs(read.steps[2]) == ["tickets"]


def test_many_steps_that_all_wait_for_all_before_are_ordered_at_once(tmp_path: Path) -> None:
    names = [f"s{number}" for number in range(7)]
    steps = [
        f"  - {{name: {name}, selection: {table}, depends_on: [{', '.join(names[:number])}]}}\n"
        for number, (name, table) in enumerate(zip(names, DATA_DEPENDENCIES, strict=True))
    ]
    read = read_one(tmp_path, "name: mine\ndescription: Mine.\nsteps:\n" + "".join(steps))
    assert isinstance(read, PipelineFile)
    assert [read.needs(step) for step in read.steps] == [[], *([name] for name in names[:-1])]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("name: mine", "name: My Own"), "line 1, name: "),
        ((GOOD, "- name: mine\n"), "line 1, the document: expected fields, each as `name: value`"),
        (("  - name: sales\n    selection: vivenu_sales_daily\n", "  - sales\n"), "line 6, steps.1: expected fields"),
        (
            ("selection: vivenu_sales_daily", "selection: vivenu_sale"),
            "line 7, steps.1.selection: vivenu_sale is no table",
        ),
        (("selection: vivenu_sales_daily", "selektion: x"), "line 7, steps.1.selektion: "),
        (("- name: sales", "- name: tickets"), "line 6, steps.1.name: another step is named tickets"),
        (("selection: vivenu_sales_daily", "selection: vivenu_tickets"), "vivenu_tickets is made by the step"),
        (("name: mine", "name: a__b"), "line 1, name: 'a__b' is no name"),
        (("name: mine", "name: events"), "line 1, name: events is taken by the table vivenu_events"),
        (("name: mine", "name: 2026-13-45"), "line 1, name: '2026-13-45' is no name"),
        (("name: mine", "name: off"), "line 1, name: Input should be a valid string; YAML reads it as False"),
        (("- name: sales", "- name: 12"), "line 6, steps.1.name: Input should be a valid string; YAML reads it as 12"),
        (("name: mine", "name: mine\nname: other"), "line 2: not valid YAML (the key name is repeated)"),
        (
            ("  - name: sales", "  - name: sales\n    name: x"),
            "line 7: not valid YAML (the key name is repeated)",
        ),
        (("description: Mine.", "description: !!int x"), "not valid YAML (invalid literal"),
        (("selection: vivenu_sales_daily", "selection: &a [*a]"), "steps.1.selection"),
        (("steps:", "x: " + "[" * 3000 + "\nsteps:"), "not valid YAML"),
        (("steps:", "---\nsteps:"), "not valid YAML"),
        (
            ("description: Mine.", "description: Mine.\ncron: every day"),
            "line 3, cron: 'every day' is not a valid cron expression",
        ),
        (("description: Mine.", "description: Mine.\nretries: many"), "line 3, retries: "),
        (("description: Mine.\n", ""), "line 1, description: Field required"),
        (
            ("    selection: vivenu_sales_daily", "    selection: vivenu_sales_daily\n    retries: 99"),
            "line 8, steps.1.retries: ",
        ),
        (
            ("    selection: vivenu_sales_daily", "    selection: vivenu_sales_daily\n    depends_on: [ticket]"),
            "line 8, steps.1.depends_on.0: there is no step ticket",
        ),
        (
            (
                "    selection: [vivenu_events, vivenu_tickets]",
                "    selection: vivenu_tickets\n    depends_on: [sales]",
            ),
            "line 6, steps.0.depends_on.0: sales stands later",
        ),
        (
            ("    selection: vivenu_sales_daily", "    selection: vivenu_sales_daily\n    depends_on: sales"),
            "line 8, steps.1.depends_on.0: a step cannot wait for itself",
        ),
        (
            ("vivenu_events, vivenu_tickets]", "vivenu_tickets]\n    condition: new_tickets"),
            "line 6, steps.0.condition: a step that makes vivenu_tickets cannot wait for new tickets",
        ),
        (
            ("    selection: vivenu_sales_daily", "    selection: vivenu_sales_daily\n    retries: true"),
            "line 8, steps.1.retries: Input should be a valid integer",
        ),
        (
            ("    selection: vivenu_sales_daily", "    selection: vivenu_sales_daily\n    timeout_minutes: .nan"),
            "line 8, steps.1.timeout_minutes: ",
        ),
        (("selection: vivenu_sales_daily", "selection: []"), "line 7, steps.1.selection: "),
        (("selection: vivenu_sales_daily", "selection: ['*_x']"), "line 7, steps.1.selection: *_x is no table"),
        (("steps:", "steps: ["), "not valid YAML"),
    ],
)
def test_a_mistake_is_told_by_file_line_and_field(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    refused = read_one(tmp_path, GOOD.replace(*change))
    assert isinstance(refused, str)
    assert said in refused
    assert "mine.yaml" in refused


def test_a_step_may_not_stand_before_what_it_is_made_from(tmp_path: Path) -> None:
    first, _, rest = GOOD.partition("  - name: sales")
    head, _, tickets = first.partition("  - name: tickets")
    refused = read_one(tmp_path, f"{head}  - name: sales{rest}  - name: tickets{tickets}")
    assert "line 5, steps.0.selection: needs what the step tickets makes" in refused


def test_a_step_may_not_stand_before_what_it_is_made_from_over_a_table_that_is_left_out(tmp_path: Path) -> None:
    text = GOOD.replace("- name: sales", "- name: late").replace("vivenu_sales_daily", "vivenu_tickets")
    refused = read_one(tmp_path, text.replace("[vivenu_events, vivenu_tickets]", "[vivenu_events, vivenu_summary]"))
    assert "line 5, steps.0.selection: needs what the step late makes" in refused


def test_a_step_may_not_need_what_needs_it(tmp_path: Path) -> None:
    text = GOOD.replace("[vivenu_events, vivenu_tickets]", "[vivenu_tickets, vivenu_summary]")
    assert "line 5, steps.0.selection: needs what the step sales makes" in read_one(tmp_path, text)


def test_aliases_that_stand_for_millions_are_refused_at_once(tmp_path: Path) -> None:
    levels = "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 30))
    assert "line 1, x0: " in read_one(tmp_path, f"x0: &x0 [lol]\n{levels}{GOOD}")


def test_a_bad_file_leaves_the_others_and_two_of_one_name_are_not_both_used(tmp_path: Path) -> None:
    files = {"a.yaml": GOOD, "b.yml": GOOD, "c.yaml": "steps: 1\n", "d.YAML": GOOD.replace("mine", "other")}
    for name, text in (files | {".e.yaml": "steps: 1\n", "notes.txt": "steps: 1\n"}).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    pipelines, refused = read_pipelines(tmp_path)
    assert [one.name for one in pipelines] == ["mine", "other"]
    assert [one.file for one in refused] == ["b.yml", "c.yaml"]
    assert "b.yml, line 1, name: mine is the name of the pipeline in a.yaml" in refused[0].reason


def test_a_file_that_is_no_text_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"name: \xff")
    (tmp_path / "b.yaml").mkdir()
    (tmp_path / "c.yaml").write_bytes(b"name: \x00")
    pipelines, refused = read_pipelines(tmp_path)
    assert pipelines == []
    assert ["a.yaml" in refused[0].reason, "b.yaml" in refused[1].reason, "c.yaml" in refused[2].reason] == [True] * 3


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name, said in (("none", "no such file or directory"), ("file", "not a directory")):
        pipelines, (refused,) = read_pipelines(tmp_path / name)
        assert pipelines == []
        assert f"PIPELINES_DIR={tmp_path / name}; {said}" in refused.reason


def test_what_else_is_found_wrong_is_told_by_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(GOOD, encoding="utf-8")
    pipelines, (refused,) = read_pipelines(tmp_path, lambda _: [(("name",), "no")])
    assert pipelines == []
    assert "mine.yaml, line 1, name: no" in refused.reason
