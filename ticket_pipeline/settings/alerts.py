"""Settings of alerts: where the rules of prices are, who is told, and when errors are too many."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings

from ticket_pipeline.settings.values import OptionalSecret, OptionalText  # noqa: TC001 - pydantic reads them


class AlertSettings(BaseSettings):
    """The part of `Settings` about alerts."""

    # --- alerts -----------------------------------------------------------------------------------------------------
    alerts: OptionalText = Field(
        default=None, description="Rules of price alerts: a tab of the sheet, a .csv or a .yaml file; unset: none"
    )
    alert_urls: OptionalSecret = Field(
        default=None, description="Apprise URLs that get messages, or the path of a file with one on each line"
    )
    alert_errors_per_hour: int = Field(
        default=10, ge=1, le=100_000, description="Failed attempts within an hour above which an incident begins"
    )
    health_ping_url: OptionalSecret = Field(
        default=None, description="Dead man's switch: ticket-pipeline health --ping requests it while all is well"
    )

    @property
    def has_alerts(self) -> bool:
        """Whether anything may be sent: rules of prices, or channels for incidents."""
        return self.alerts is not None or self.alert_urls is not None
