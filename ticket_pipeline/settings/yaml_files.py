"""YAML files that users write, read as pydantic models; every mistake is reported with file, line and field.

What belongs here: text to a checked model. What does not: what the model means.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from ticket_pipeline.errors import ConfigurationError

_Model = TypeVar("_Model", bound=BaseModel)

Problem = tuple[tuple[str | int, ...], str]
"""Where in a document something is wrong (`("steps", 1, "name")`), and what."""

_DATE = "tag:yaml.org,2002:timestamp"


class _Loader(yaml.CSafeLoader):
    """YAML without dates, so that a name such as 2026-01-31 stays text, and without repeated keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [str(key.value) for key, _ in node.value]
        for number, (key, _) in enumerate(node.value):
            if names[number] in names[:number]:
                raise yaml.MarkedYAMLError(problem=f"the key {names[number]} is repeated", problem_mark=key.start_mark)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _DATE]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_document(
    path: Path, model: type[_Model], check: Callable[[_Model], Sequence[Problem]] | None = None
) -> _Model:
    """Read a YAML file as a model.

    Args:
        path: the file.
        model: what the document must match.
        check: finds problems between fields that are each valid.

    Raises:
        ConfigurationError: the file cannot be read, is not YAML, or does not match; the message names line and field.
    """
    try:
        loader = _Loader(path.read_text(encoding="utf-8"))
        root = loader.get_single_node()
        data = loader.construct_document(root) if root is not None else {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"Could not read {path}: {error}. Check the path.") from None
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark is not None else ""
        raise ConfigurationError(f"{path}{line}: not valid YAML ({error.problem or 'unreadable'}).") from None
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        # PyYAML raises its own errors for bad characters, and plain ones for an explicit tag such as !!int on a word.
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ConfigurationError(f"{path}: not valid YAML ({reason}).") from None
    try:
        read = model.model_validate(data)
        problems = [*check(read)] if check is not None else []
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        problems = [(item["loc"], _describe_error(item)) for item in found]
    if problems:
        lines = [f"  {path}, line {_line_of(root, place)}, {_name(place)}: {problem}" for place, problem in problems]
        raise ConfigurationError("\n".join([f"{path.name} is not valid:", *lines]))
    return read


def _describe_error(item: Any) -> str:  # noqa: ANN401 - pydantic's description of an error
    if item["type"] == "model_type":  # pydantic would name our class
        return "expected fields, each as `name: value`"
    if item["type"] == "string_type" and isinstance(item["input"], bool | int | float | None):
        return f"{item['msg']}; YAML reads it as {item['input']!r}: write it in quotes"
    return str(item["msg"]).removeprefix("Value error, ")


def _name(place: Sequence[str | int]) -> str:
    return ".".join(str(part) for part in place) or "the document"


def _line_of(root: yaml.Node | None, place: Sequence[str | int]) -> int:
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
