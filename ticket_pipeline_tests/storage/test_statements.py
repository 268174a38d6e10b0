"""Every statement of `sql/` fits the schema on a real server; what it does is proved by the tests of its users."""

from __future__ import annotations

import re

import pytest

from ticket_pipeline.errors import StorageError
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.statements import project_path, statement, statement_names

TYPES = dict.fromkeys(("this_moment", "since"), "timestamptz")
TYPES |= {"base_interval": "interval", "new_size": "integer", "old_size": "integer"}
"""Types of parameters that a statement alone does not show; the server finds those of all others."""

CANNOT_BE_PREPARED = {
    "requests/analyze_slots",
    "snapshots/copy_listings",
    "replay/create_replayed",
    "replay/copy_replayed",
}
CANNOT_BE_PREPARED |= {f"replay/{name}" for name in ("compare_listings", "count_changed_fields", "insert_listings")}
"""The tests of budgets, of captures and of a replay run them."""

CANNOT_BE_PREPARED |= {"maintenance/examine_chunks", "maintenance/use_timescaledb"}
"""For TimescaleDB alone: the tests of the doctor run them."""

CANNOT_BE_PREPARED |= {"dagster/delete_events", "dagster/delete_check_executions"}
"""For Dagster's tables: the tests of its history run them."""


@pytest.mark.parametrize("name", sorted(set(statement_names()) - CANNOT_BE_PREPARED))
def test_the_server_accepts_a_statement(database_of_the_module: Database, name: str) -> None:
    text = statement(name)
    parameters = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", text)))
    for number, parameter in enumerate(parameters, 1):
        text = text.replace(f"%({parameter})s", f"${number}")
    types = ", ".join(TYPES.get(parameter, "unknown") for parameter in parameters)
    prepare = f"prepare it {f'({types})' if types else ''} as {text.replace('%%', '%')}"
    with database_of_the_module.connection() as connection:
        connection.execute(prepare.encode())
        connection.execute("deallocate it")


@pytest.mark.parametrize("name", statement_names())
def test_a_statement_file_begins_with_its_purpose(name: str) -> None:
    assert statement(name).startswith("-- ")


def test_an_unknown_statement_is_named() -> None:
    with pytest.raises(StorageError, match=r"sql/prices/no_such_thing\.sql does not exist"):
        statement("prices/no_such_thing")


def test_a_missing_project_path_is_named() -> None:
    assert project_path("dagster.yaml").is_file()
    with pytest.raises(StorageError, match=r"no_such_file\.toml"):
        project_path("no_such_file.toml")
