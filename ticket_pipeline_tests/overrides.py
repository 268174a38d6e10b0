"""Settings for tests, where the values of `Tuning` stand beside the other names.

What belongs here: moving those values to their place. What does not: values; each test and fixture names its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ticket_pipeline.settings.model import Settings
from ticket_pipeline.settings.tuning import Tuning


def settings_from(values: Mapping[str, Any]) -> Settings:
    """Settings with these values by field name."""
    tuning = {name: value for name, value in values.items() if name in Tuning.model_fields}
    return Settings.model_validate(
        {**{k: v for k, v in values.items() if k not in tuning}, "ticket_pipeline_tuning": tuning}
    )


def as_environment(values: Mapping[str, str]) -> dict[str, str]:
    """Environment variables, with those of `Tuning` in upper case gathered into one."""
    tuning = {name: value for name, value in values.items() if name.lower() in Tuning.model_fields}
    rest = {name: value for name, value in values.items() if name not in tuning}
    if tuning:
        before = json.loads(rest.get("TICKET_PIPELINE_TUNING") or "{}")
        rest["TICKET_PIPELINE_TUNING"] = json.dumps(before | {name.lower(): value for name, value in tuning.items()})
    return rest
