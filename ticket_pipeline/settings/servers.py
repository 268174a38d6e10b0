"""Settings of the servers on this machine: where they listen, and how users reach them."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings

from ticket_pipeline.settings.values import OptionalSecret, OptionalText  # noqa: TC001 - pydantic reads them


class ServerSettings(BaseSettings):
    """The part of `Settings` about servers."""

    # --- servers of `ticket-pipeline run` ---------------------------------------------------------------------------
    web_host: str = Field(default="127.0.0.1", description="Address of the Dagster web UI and of the dashboard")
    web_port: int = Field(default=3000, ge=0, le=65535, description="Port of the Dagster web UI; 0: any free one")
    dashboard_port: int = Field(default=3001, ge=0, le=65535, description="Port of the dashboard; 0: any free one")
    dashboard_url: OptionalText = Field(
        default=None, description="Where users reach the dashboard, if not at its own address: behind a proxy"
    )
    dashboard_password: OptionalSecret = Field(
        default=None, description="Asked for by the dashboard, with any user name; unset: not asked for"
    )
    simulator_port: int = Field(default=8765, ge=0, le=65535, description="Port of the simulator; 0: any free one")

    @property
    def dashboard_address(self) -> str:
        """Where users reach the dashboard, without a slash at the end."""
        return (self.dashboard_url or _address(self.web_host, self.dashboard_port)).rstrip("/")

    @property
    def dagster_address(self) -> str:
        """Where users reach the Dagster UI."""
        return _address(self.web_host, self.web_port)


def _address(host: str, port: int) -> str:
    name = "127.0.0.1" if host in {"0.0.0.0", "::"} else f"[{host}]" if ":" in host else host  # noqa: S104 - no name
    return f"http://{name}:{port}"
