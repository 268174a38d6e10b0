"""The rules of alerts that the demo begins with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticket_pipeline.settings.model import Settings

_RULES = """\
# Rules of the demo: `ticket-pipeline alerts list` shows where they stand, `alerts history` what fired. Nobody is told,
# because ALERT_URLS is not set. For rules of your own set ALERTS to another file; the run that wrote this one writes it
# again.
alerts:
  - alert: The floor is under 80
    measure: floor
    condition: below 80
  - alert: The floor falls
    measure: floor
    condition: falls 5% in 6h
  - alert: Tickets are going fast
    measure: tickets
    condition: falls 10% in 6h
"""


def sample_alerts_path(settings: Settings) -> Path:
    """Where `ticket-pipeline run` writes them."""
    return settings.state_dir / "sample_alerts.yaml"


def write_sample_alerts(settings: Settings) -> None:
    """Write the rules, for the sync that follows."""
    sample_alerts_path(settings).write_text(_RULES, encoding="utf-8")
