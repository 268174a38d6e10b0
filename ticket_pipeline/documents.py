"""YAML files that users write, read so that every mistake is told by file, line and field.

What belongs here: text to a checked model. What does not: what the model means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from ticket_pipeline.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_Model = TypeVar("_Model", bound=BaseModel)


Problem = tuple[tuple[str | int, ...], str]
"""Where in a document something is wrong (`("steps", 1, "name")`), and what."""


def read_document(
    path: Path, model: type[_Model], check: Callable[[_Model], Sequence[Problem]] | None = None
) -> _Model:
    """Read a YAML file as a model.

    Args:
        path: the file.
        model: what it must fit.
        check: finds what is wrong between fields that each fit.

    Raises:
        ConfigurationError: it cannot be read, is no YAML, or does not fit; the message names each field with its line.
    """
    root = _compose(path)
    problems: Sequence[Problem] = []
    try:
        read = model.model_validate(yaml.SafeLoader("").construct_document(root) if root is not None else {})
        problems = check(read) if check is not None else []
    except ValidationError as error:
        problems = [(item["loc"], item["msg"]) for item in error.errors(include_input=False, include_url=False)]
    except yaml.YAMLError as error:
        problems = [((), f"this cannot be read ({error})")]
    if problems:
        lines = [_describe(path, root, place, said) for place, said in problems]
        raise ConfigurationError(f"Read {path.name}; it does not fit:\n" + "\n".join(lines) + "\nMend these lines.")
    return read


def _compose(path: Path) -> yaml.Node | None:
    try:
        return yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"Read {path}; that failed ({error}). Check the path.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise ConfigurationError(f"Read {path}{line}: this is no YAML ({problem}). Mend that line.") from None


def _describe(path: Path, root: yaml.Node | None, place: Sequence[Any], said: str) -> str:
    field = ".".join(str(part) for part in place) or "the document"
    return f"  {path}, line {_line_of(root, place)}, {field}: {said.removeprefix('Value error, ')}"


def _line_of(root: yaml.Node | None, place: Sequence[Any]) -> int:
    """The line of a field, or of the nearest thing around it that is written down."""
    if root is None:
        return 1
    node, line = root, root.start_mark.line + 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line
