"""Settings of the log: how much, in which form, and where."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class LogSettings(BaseSettings):
    """The part of `Settings` about the log."""

    # --- log --------------------------------------------------------------------------------------------------------
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="WARNING",
        description="Level of our log; INFO: each failed try, DEBUG: each request and SQL statement",
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="Lines on stderr: text for people, json for programs that collect logs"
    )
    enable_file_logging: bool = Field(
        default=False, description="Also write the log as JSON to STATE_DIR/logs/ticket-pipeline.jsonl, rotated"
    )
