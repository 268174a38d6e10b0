"""Commands that are imported when they are used: a question waits for its own imports, not for those of all others."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any

import typer


class LazyCommands(MutableMapping[str, Any]):
    """Commands by name, each made on first use.

    Args:
        places: name → panel of the help, and `module:attribute` of a function or a Typer app.
        hidden: those among them that the help leaves out.
        made: commands that exist already.
    """

    def __init__(self, places: dict[str, tuple[str, str]], hidden: set[str], made: MutableMapping[str, Any]) -> None:
        self._places = dict(places)
        self._hidden = hidden
        self._made = made

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - typer names no type for a command
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:  # noqa: ANN401 - as above
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._places, **self._made})

    def __len__(self) -> int:
        return len({**self._places, **self._made})

    def _make(self, name: str) -> Any:  # noqa: ANN401 - as above
        panel, place = self._places[name]
        module, _, attribute = place.partition(":")
        found = getattr(import_module(f"ticket_pipeline.cli.{module}"), attribute)
        if not isinstance(found, typer.Typer):
            alone = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False)
            alone.command(name, rich_help_panel=panel, hidden=name in self._hidden)(found)
            found = alone
        command: Any = typer.main.get_command(found)
        command.name, command.rich_help_panel = name, panel
        return command
