"""Settings of how long data is kept, and where it goes."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

from ticket_pipeline.settings.values import OptionalText  # noqa: TC001 - pydantic reads it

_FEWEST_MONTHS = 4


class KeepingSettings(BaseSettings):
    """The part of `Settings` about what is kept."""

    # --- keeping ----------------------------------------------------------------------------------------------------
    raw_payload_days: int = Field(default=30, ge=0, le=3650, description="Days that raw responses are kept; 0: none")
    archive_after_months: int = Field(
        default=4, ge=0, le=120, description="Months that listings stay in the database, at least 4; 0: forever"
    )
    archive_url: OptionalText = Field(
        default=None,
        description="Folder or URL of older listings, such as s3://bucket/x; needed beside a database of your own",
    )

    @model_validator(mode="after")
    def _check_months(self) -> Self:
        if 0 < self.archive_after_months < _FEWEST_MONTHS:
            raise ValueError(
                "ARCHIVE_AFTER_MONTHS is below 4: captures are compared with those of 90 days before. Use 4, or 0"
            )
        return self
