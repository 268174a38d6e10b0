"""The table of offenders that a check shows, read back.

What belongs here: rows and cells. What does not: what a test claims about them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import dagster as dg


def shown(result: dg.AssetCheckResult | dg.AssetCheckEvaluation) -> list[str]:
    """The offenders that are named: the lines of the table below its header."""
    return _table(result)[2:]


def named(result: dg.AssetCheckResult | dg.AssetCheckEvaluation) -> list[dict[str, str]]:
    """The same, each as column → cell, in the order of the columns."""
    header, _, *rows = (re.split(r"(?<!\\) ?\| ?", line)[1:-1] for line in _table(result))
    return [dict(zip(header, row, strict=True)) for row in rows]


def count(result: dg.AssetCheckResult | dg.AssetCheckEvaluation) -> object:
    return (result.metadata or {})["offenders"].value


def moment(at: datetime) -> str:
    """As every moment is shown."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _table(result: dg.AssetCheckResult | dg.AssetCheckEvaluation) -> list[str]:
    value = (result.metadata or {})["shown"]
    assert isinstance(value, dg.MarkdownMetadataValue)
    return [line for line in (value.value or "").splitlines() if line.startswith("| ")]
