"""What a poll does for alerts once its captures are stored: try the rules, and deliver what is due."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from ticket_pipeline.alerts.channels import find_channels
from ticket_pipeline.alerts.delivery import Delivered, deliver_due
from ticket_pipeline.alerts.evaluation import Evaluation, evaluate
from ticket_pipeline.errors import ConfigurationError, TicketPipelineError

if TYPE_CHECKING:
    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.database import Database

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AlertsReport:
    """What was done; `error`: why not all of it. Captures and messages that were not reached wait for the next time."""

    evaluation: Evaluation = field(default_factory=Evaluation)
    delivered: Delivered = field(default_factory=Delivered)
    error: str | None = None


def follow_alerts(database: Database, settings: Settings, now: Callable[[], datetime]) -> AlertsReport | None:
    """Try the rules on new captures and deliver; None where neither ALERTS nor ALERT_URLS is set.

    An error of ours is logged, not raised.
    """
    if not settings.has_alerts:
        return None
    evaluation, delivered = Evaluation(), Delivered()
    try:
        channels, unreadable = find_channels(settings)
        if unreadable and not channels:
            raise ConfigurationError(unreadable[0])
        if settings.alerts is not None:
            evaluation = evaluate(database, channels, now(), dashboard=settings.dashboard_address)
        delivered = deliver_due(database, channels, now)
    except TicketPipelineError as error:
        _log.warning("Alerts wait for the next poll: %s", error)
        return AlertsReport(evaluation, delivered, str(error))
    return AlertsReport(evaluation, delivered, " ".join(unreadable) or None)
