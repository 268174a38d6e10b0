"""Settings for tests, where the keys of TUNING stand beside the other names.

What belongs here: moving those keys to their place. What does not: values; each test and fixture names its own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ticket_pipeline.settings.model import Settings
from ticket_pipeline.settings.tuning import Tuning

if TYPE_CHECKING:
    from collections.abc import Mapping


def settings_from(values: Mapping[str, Any]) -> Settings:
    """Settings with these values by field name."""
    tuning = {name: value for name, value in values.items() if name in Tuning.model_fields}
    return Settings.model_validate({**{k: v for k, v in values.items() if k not in tuning}, "tuning": tuning})


def as_environment(values: Mapping[str, str]) -> dict[str, str]:
    """Environment variables, with the upper-case keys of TUNING gathered into it."""
    tuning = {name: value for name, value in values.items() if name.lower() in Tuning.model_fields}
    rest = {name: value for name, value in values.items() if name not in tuning}
    if tuning:
        before = json.loads(rest.get("TUNING") or "{}")
        rest["TUNING"] = json.dumps(before | {name.lower(): value for name, value in tuning.items()})
    return rest
