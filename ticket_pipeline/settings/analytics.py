"""Settings of what is concluded from captures: changes and estimated sales."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class AnalyticsSettings(BaseSettings):
    """The part of `Settings` about changes and estimated sales."""

    # --- changes and estimated sales --------------------------------------------------------------------------------
    relist_window_hours: float = Field(
        default=24, gt=0, le=168, description="Seats back on sale within this are relisted; later they are new"
    )
    longest_gap_hours: float = Field(
        default=24, gt=0, le=720, description="No sales are estimated between captures further apart"
    )
    hours_to_sale: float = Field(
        default=12, gt=0, le=720, description="Until a listing that is priced to sell is sold: where learning starts"
    )
    hours_to_withdrawal: float = Field(
        default=240, gt=0, le=8760, description="Until an unsold listing is taken down: where learning starts"
    )
