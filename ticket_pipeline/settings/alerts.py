"""Settings of price alerts: where the rules are, and who is told."""

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
        default=None, description="Apprise URLs of those who are told, or the path of a file with one on each line"
    )
