"""Each panel and each variable of the Grafana dashboards asks the schema a question that it answers."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
import yaml
from psycopg import sql

from ticket_pipeline.storage.database import Database, Row
from ticket_pipeline.storage.prices import rebuild_hourly
from ticket_pipeline.storage.statements import project_path
from ticket_pipeline_tests.storage.histories import HISTORY
from ticket_pipeline_tests.storage.stored import HOUR, STUBHUB, items, store, watch_one

GRAFANA = project_path("deploy/grafana")
BOARDS = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted((GRAFANA / "dashboards").glob("*.json"))}
PANELS = [(board, panel["title"]) for board, document in BOARDS.items() for panel in document["panels"]]
CHOSEN = {"together": "2", "bucket": "1 hour"}
_FILTER = re.compile(r"\$__timeFilter\(([^)]+)\)")


def expand(text: str, database: Database, **values: str) -> str:
    """The text as Grafana sends it: macros and variables replaced."""
    first, last = f"'{HISTORY.start.isoformat()}'", f"'{(HISTORY.start + timedelta(days=3)).isoformat()}'"
    text = _FILTER.sub(rf"\1 BETWEEN {first} AND {last}", text)
    text = text.replace("$__timeFrom()", first).replace("$__timeTo()", last)
    for name, value in {"schema": database.schema, **CHOSEN, **values}.items():
        text = text.replace(f"${{{name}}}", value).replace(f"${name}", value)
    assert "$" not in text
    return text


def ask(database: Database, text: str) -> list[Row]:
    with database.connection() as connection:
        return connection.execute(sql.SQL(text)).fetchall()  # type: ignore[arg-type]  # of our own file


@pytest.mark.parametrize(("board", "title"), PANELS)
def test_a_panel_is_answered(database: Database, board: str, title: str) -> None:
    event = watch_one(database)
    for hours in range(3):
        store(database, event, HISTORY.start + hours * HOUR, items(5))
    (panel,) = [panel for panel in BOARDS[board]["panels"] if panel["title"] == title]
    (target,) = panel["targets"]
    rows = ask(database, expand(target["rawSql"], database, event=str(event.event_id)))
    if panel["type"] == "timeseries":
        assert target["format"] == "time_series"
        assert [set(row) for row in rows] == [{"time", "metric", "value"}] * len(rows)


def test_the_floor_of_the_market_is_that_of_the_hours(database: Database) -> None:
    event = watch_one(database)
    store(database, event, HISTORY.start, items(5))
    rebuild_hourly(database, HISTORY)
    (panel,) = [panel for panel in BOARDS["market"]["panels"] if panel["title"] == "Floor"]
    rows = ask(database, expand(panel["targets"][0]["rawSql"], database, event=str(event.event_id)))
    (hour,) = ask(database, f"select * from {database.schema}.hourly_prices where zone = '*'")  # noqa: S608 - our own name
    shown = [(row["time"], row["metric"], row["value"]) for row in rows if row["value"] is not None]
    assert shown == [(hour["hour_at"], f"{STUBHUB}, USD (all_in)", hour["floor_price"])]


def test_the_variables_name_the_tracked_events(database: Database) -> None:
    event = watch_one(database)
    (variable,) = [one for one in BOARDS["market"]["templating"]["list"] if one["name"] == "event"]
    rows = ask(database, expand(variable["query"], database).replace("now() - interval '30 days'", "'2026-01-01'"))
    assert rows == [{"__text": f"{event.name}, 2026-06-01", "__value": event.event_id}]


def test_the_dashboards_read_the_data_source_that_is_provisioned() -> None:
    document: Any = yaml.safe_load((GRAFANA / "provisioning/datasources/ticket_pipeline.yaml").read_text("utf-8"))
    (source,) = document["datasources"]
    used = {str(panel["datasource"]) for board in BOARDS.values() for panel in board["panels"]}
    assert used == {str({"type": source["type"], "uid": source["uid"]})}
    assert source["secureJsonData"] == {"password": "$DB_PASSWORD"}
