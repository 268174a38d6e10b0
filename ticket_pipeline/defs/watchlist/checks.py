"""The checks of the watchlist."""

import dagster as dg

from ticket_pipeline.defs.checks import Check, Found, Scope
from ticket_pipeline.primary_sales.figures import NOTHING
from ticket_pipeline.sheet.columns import find_name
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.watchlist import read_rejected_rows


def _find_rejected_rows(database: Database, _scope: Scope) -> Found:
    return Found(
        [
            {
                "row": row["row_number"],
                "event": find_name(row["cells"]) or NOTHING,
                "reasons": " · ".join(row["reasons"]),
            }
            for row in read_rejected_rows(database)
        ]
    )


WATCHLIST_CHECKS = (
    Check(
        name="every_row_could_be_used",
        description="Every row of the watchlist could be used.",
        severity=dg.AssetCheckSeverity.WARN,
        wrong="Rows of the watchlist were rejected",
        remedy="correct them in the sheet; the next sync takes them up",
        find=_find_rejected_rows,
    ),
)
