"""Render what documents repeat from the code: `.env.example`, and the tables of settings and assets.

What belongs here: code to text, and putting it in place. What does not: names, defaults and descriptions; those stand
in `ticket_pipeline.settings` and at the assets.

    .venv/bin/python scripts/render_settings.py            # show them
    .venv/bin/python scripts/render_settings.py --write    # put them in place; tests fail until this was done
"""

from __future__ import annotations

import argparse
import inspect
import re
import textwrap
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import ticket_pipeline.settings.alerts as alerts_module
import ticket_pipeline.settings.analytics as analytics_module
import ticket_pipeline.settings.keeping as keeping_module
import ticket_pipeline.settings.logs as logs_module
import ticket_pipeline.settings.model as settings_module
import ticket_pipeline.settings.servers as servers_module
from ticket_pipeline.settings.model import ENV_FILE_VARIABLE, Settings, user_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo

PROJECT = Path(__file__).resolve().parent.parent

_GROUP = re.compile(r"    # --- (?P<title>.+?) -+")
_FIELD = re.compile(r"    (?P<name>[a-z_0-9]+): ")
_NEEDS_QUOTES = re.compile(r"[\s*#]")
_FOR_BEGINNERS = (
    "state_dir",
    "database_url",
    "google_sheet_id",
    "google_sheets_credentials_file",
    "watchlist_csv",
    "stubhub_api_base_url",
    "stubhub_account_id",
    "stubhub_cookie",
    "vivid_seats_api_base_url",
    "ticketmaster_api_key",
    "vivenu_api_key",
    "disabled_marketplaces",
    "base_scrape_interval_hours",
)
_ENV_HEAD = f"""\
# Every setting with its default, written by scripts/render_settings.py.
# Copy this file to .env and uncomment what you change. Environment variables win over .env; an empty one is not set.
# {ENV_FILE_VARIABLE} (or `ticket-pipeline --env-file`) names another file than .env.
# With nothing set: an embedded PostgreSQL, a sample watchlist and simulated marketplaces.
"""


def main() -> None:
    """Show the texts, or put them in place."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="rewrite .env.example and the tables of the documents")
    is_written = parser.parse_args().write
    if is_written:
        (PROJECT / ".env.example").write_text(render_env_example(), encoding="utf-8")
    else:
        print(render_env_example())
    tables = [
        ("README.md", "settings", render_table({name: Settings.model_fields[name] for name in _FOR_BEGINNERS})),
        ("README.md", "assets", render_assets_table()),
        ("docs/settings.md", "settings", render_groups()),
    ]
    for name, mark, table in tables:
        path = PROJECT / name
        if is_written:
            path.write_text(put_between(path.read_text(encoding="utf-8"), mark, table), encoding="utf-8")
        else:
            print(table)


def render_env_example() -> str:
    """Every setting as a comment that becomes the default when uncommented, in the groups of the code."""
    parts = [_ENV_HEAD]
    for title, names in setting_groups().items():
        parts.append(f"\n# --- {title} {'-' * (112 - len(title))}\n")
        for name in names:
            field = Settings.model_fields[name]
            value = show_default(field)
            quoted = f'"{value}"' if _NEEDS_QUOTES.search(value) else value
            parts.append(
                f"\n{textwrap.fill(f'{field.description}.', 118, initial_indent='# ', subsequent_indent='# ')}"
            )
            parts.append(f"\n#{name.upper()}={quoted}\n")
    return "".join(parts)


def render_table(fields: Mapping[str, FieldInfo]) -> str:
    """A table of settings: name, default, meaning."""
    rows = [
        f"| `{name.upper()}` | {f'`{value}`' if (value := show_default(field)) else ''} | {field.description} |"
        for name, field in fields.items()
    ]
    return "\n".join(["| Setting | Default | Meaning |", "|---|---|---|", *rows])


def render_groups() -> str:
    """Every setting, one headed table for each group of the code."""
    tables = []
    for title, names in setting_groups().items():
        table = render_table({name: Settings.model_fields[name] for name in names})
        tables.append(f"## {title.capitalize()}\n\n{table}")
    return "\n" + "\n\n".join(tables) + "\n"


def render_assets_table() -> str:
    """The README's table of assets, from the definitions that Dagster loads."""
    from ticket_pipeline.definitions import build_defs  # noqa: PLC0415 - loading Dagster takes a second

    rows = []
    for spec in build_defs(Settings()).resolve_all_asset_specs():
        sentence, _, rest = (spec.description or "").partition("\n\n")
        grain = re.search(r"Grain: (.+?)\. ", rest)
        cells = [f"`{spec.key.to_user_string()}`", spec.group_name or "", grain[1] if grain else "", sentence]
        rows.append(f"| {' | '.join(cells)} |".replace("*", r"\*"))
    return "\n".join(["| Asset | Group | One row per | Holds |", "|---|---|---|---|", *sorted(rows)])


def setting_groups() -> dict[str, list[str]]:
    """Title → names of settings: the headings that part the classes of settings in their sources."""
    groups: dict[str, list[str]] = {}
    modules = (settings_module, keeping_module, analytics_module, alerts_module, servers_module, logs_module)
    for source in map(inspect.getsource, modules):
        for line in source.splitlines():
            if (found := _GROUP.fullmatch(line)) is not None:
                names = groups.setdefault(found["title"], [])
            elif (field := _FIELD.match(line)) is not None and field["name"] in user_settings():
                names.append(field["name"])
    return groups


def show_default(field: FieldInfo) -> str:
    """A default as it is written in the environment; empty for none."""
    value = field.get_default(call_default_factory=True)
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Path):
        return str(value.relative_to(PROJECT)) if value.is_relative_to(PROJECT) else str(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def put_between(text: str, name: str, content: str) -> str:
    """`text` with `content` between the marks `<!-- name -->` and `<!-- /name -->`.

    Raises:
        ValueError: the marks are missing.
    """
    first, last = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = text.partition(first)
    _, found_last, after = rest.partition(last)
    if not (found and found_last):
        raise ValueError(f"Looked for {first} and {last} in the document; put both on lines of their own.")
    return f"{before}{first}\n{content}\n{last}{after}"


if __name__ == "__main__":
    main()
