"""Pipeline files: the shipped ones are good, and every mistake is told by file, line and field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ticket_pipeline.primary_sales.pipelines import DATA_DEPENDENCIES, PipelineFile, read_pipelines, shipped_pipelines

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


def test_steps_wait_for_the_one_before_or_for_their_data(tmp_path: Path) -> None:
    text = (
        GOOD
        + "  - {name: people, selection: vivenu_gender, depends_on: sales}\n"
        + "  - {name: ages, selection: vivenu_age_groups}\n"
    )
    one_by_one, at_once = read_one(tmp_path, text), read_one(tmp_path, text + "execution: parallel\n")
    assert isinstance(one_by_one, PipelineFile)
    assert isinstance(at_once, PipelineFile)
    assert [one_by_one.waits_for(step) for step in one_by_one.steps] == [[], ["tickets"], ["sales"], ["people"]]
    assert [at_once.waits_for(step) for step in at_once.steps] == [[], ["tickets"], ["tickets", "sales"], ["tickets"]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("name: mine", "name: My Own"), "line 1, name: "),
        (
            ("selection: vivenu_sales_daily", "selection: vivenu_sale"),
            "line 7, steps.1.selection: vivenu_sale is no table",
        ),
        (("selection: vivenu_sales_daily", "selektion: x"), "line 7, steps.1.selektion: "),
        (("- name: sales", "- name: tickets"), "line 6, steps.1.name: another step is named tickets"),
        (("selection: vivenu_sales_daily", "selection: vivenu_tickets"), "vivenu_tickets is made by the step"),
        (("description: Mine.", "description: Mine.\ncron: every day"), "line 3, cron: 'every day' is no cron line"),
        (("description: Mine.", "description: Mine.\ncron: 61 * * * *"), "line 3, cron: "),
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
        (("steps:", "steps: ["), "this is no YAML"),
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


def test_a_bad_file_leaves_the_others_and_two_of_one_name_are_not_both_used(tmp_path: Path) -> None:
    for name, text in (("a", GOOD), ("b", GOOD), ("c", "steps: 1\n"), ("d", GOOD.replace("mine", "other"))):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    pipelines, refused = read_pipelines(tmp_path)
    assert [one.name for one in pipelines] == ["mine", "other"]
    assert [one.file for one in refused] == ["b.yaml", "c.yaml"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    (refused,) = read_pipelines(tmp_path / "none")[1]
    assert "PIPELINES_DIR" in refused.reason


@pytest.mark.parametrize("cron", ["40 * * * *", "*/10 0-6 1,15 * mon-fri", "0 0 1 jan 7"])
def test_cron_lines_are_taken_as_cron_does(tmp_path: Path, cron: str) -> None:
    read = read_one(tmp_path, GOOD.replace("Mine.", f'Mine.\ncron: "{cron}"'))
    assert isinstance(read, PipelineFile)
    assert read.cron == cron
