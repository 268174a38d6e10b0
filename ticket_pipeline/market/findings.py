"""What a look found: one record per check, for the doctor of databases and for the health of the pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a check ended; only `failing` is a failure."""

    OK = "ok"
    WARNING = "warning"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was found, in words, and what to do; `advice` is empty where all is well."""

    check: str
    state: State
    words: str
    advice: str = ""
