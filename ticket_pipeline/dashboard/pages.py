"""From templates and tables to responses: escaped HTML, CSV, validators, errors in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import Response

from ticket_pipeline.charts.drawing import draw, legend, sample, table_rows
from ticket_pipeline.dashboard.formats import FILTERS
from ticket_pipeline.dashboard.shared import Shared
from ticket_pipeline.dashboard.tables import to_csv

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from ticket_pipeline.dashboard.tables import Table
    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.database import Database

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Board:
    """What every page is made from."""

    database: Database
    settings: Settings
    clock: Callable[[], datetime]
    shared: Shared = field(default_factory=Shared)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    """A new start may bring new templates: what browsers have of an earlier one is old."""
    writing: Database | None = None
    """Connections that can write, for what the pages change; None: they change nothing."""

    def asset_url(self, name: str, **query: str) -> str:
        """The page of an asset in the Dagster UI: who makes it, and its last runs."""
        key = "/".join(filter(None, (self.settings.dagster_key_prefix, name)))
        return f"{self.settings.dagster_address}/assets/{key}{'?' if query else ''}{urlencode(query)}"

    @cached_property
    def templates(self) -> Environment:
        """The templates; whatever they show is escaped, and a name that is missing is an error."""
        environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters |= FILTERS
        environment.globals |= {
            "draw": lambda chart, name: Markup(draw(chart, name)),  # noqa: S704 - its text is escaped
            "table_rows": lambda chart: Markup(table_rows(chart)),  # noqa: S704 - its text is escaped
            "sample": lambda kind: Markup(sample(kind)),  # noqa: S704 - of our own classes
            "legend": legend,
            "dagster_url": self.settings.dagster_address,
        }
        return environment

    def page(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        tag: str | None = None,
        **values: Any,  # noqa: ANN401 - as the template takes them
    ) -> Response:
        """A page made of a template; `tag`: its validator, where it is known before the page."""
        path = request.url.path
        body = self.templates.get_template(template).render(path=path, query=dict(request.query_params), **values)
        return answer(request, body, "text/html", status=status, tag=tag)

    def tag(self, request: Request, *facts: object) -> str:
        """The validator of a page that is made of these facts."""
        return make_tag(repr((self.started_at, str(request.url), facts)))


def download(request: Request, table: Table) -> Response:
    """A table as a file. The mark at its start tells spreadsheets that it is UTF-8."""
    disposition = f'attachment; filename="{table.name}.csv"'
    return answer(
        request, f"\N{ZERO WIDTH NO-BREAK SPACE}{to_csv(table)}", "text/csv", {"content-disposition": disposition}
    )


def make_tag(text: str) -> str:
    """A validator, which differs where the text does."""
    return f'W/"{blake2b(text.encode(), digest_size=12).hexdigest()}"'


def unchanged(request: Request, tag: str) -> Response | None:
    """The 304 for a browser that has what this validator is of; None: it needs the page."""
    return Response(status_code=304, headers=_kept(tag)) if tag in request.headers.get("if-none-match", "") else None


def answer(
    request: Request,
    body: str,
    media_type: str,
    headers: dict[str, str] | None = None,
    *,
    status: int = 200,
    tag: str | None = None,
) -> Response:
    """A response with a validator: a browser that has the same text already gets a 304 and no body."""
    tag = tag or make_tag(body)
    return unchanged(request, tag) or Response(body, status, _kept(tag) | (headers or {}), media_type=media_type)


def _kept(tag: str) -> dict[str, str]:
    return {"etag": tag, "cache-control": "private, no-cache", "vary": "accept-encoding"}
