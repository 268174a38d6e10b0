"""The project's own Python files, read and parsed, for tests of what stands in them.

What belongs here: finding files and names in them. What does not: the rules (`test_sources.py`).
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PACKAGE = CHECKOUT / "ticket_pipeline"
TESTS = CHECKOUT / "ticket_pipeline_tests"


@dataclass(frozen=True)
class Source:
    """One Python file; `name` is its path from the checkout, with slashes."""

    path: Path

    @property
    def name(self) -> str:
        """Such as `ticket_pipeline/market/hours.py`."""
        return self.path.relative_to(CHECKOUT).as_posix()

    @cached_property
    def text(self) -> str:
        """What stands in it."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.text)

    def imported(self) -> Iterator[str]:
        """Every module, or name of a module, that the file imports, wherever in it."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def attributes(self) -> Iterator[str]:
        """Every `name.attribute` that the file uses."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                yield f"{node.value.id}.{node.attr}"

    def has_annotations(self) -> bool:
        """Whether there is anything in it that can be annotated: functions, classes, annotated names."""
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.AnnAssign)
        return any(isinstance(node, kinds) for node in ast.walk(self.tree))

    def is_wiring(self) -> bool:
        """Whether it is one of those that may import dagster."""
        return self.name.startswith(("ticket_pipeline/defs/", "ticket_pipeline/definitions."))


def sources(folder: Path) -> list[Source]:
    """The Python files below a folder."""
    return [Source(path) for path in sorted(folder.rglob("*.py"))]
