"""YAML files that users write, read so that every mistake is told by file, line and field.

What belongs here: text to a checked model. What does not: what the model means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from ticket_pipeline.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_Model = TypeVar("_Model", bound=BaseModel)


Problem = tuple[tuple[str | int, ...], str]
"""Where in a document something is wrong (`("steps", 1, "name")`), and what."""

_DATE = "tag:yaml.org,2002:timestamp"


class _Loader(yaml.SafeLoader):
    """YAML without its dates: a name such as 2026-01-31 stays text, and 2026-13-45 is told like any other mistake."""


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
        model: what it must fit.
        check: finds what is wrong between fields that each fit.

    Raises:
        ConfigurationError: it cannot be read, is no YAML, or does not fit; the message names each field with its line.
    """
    root = _compose(path)
    problems: Sequence[Problem] = []
    try:
        problems = list(_find_repeated(root, set())) if root is not None else []
        read = model.model_validate(_Loader("").construct_document(root) if root is not None else {})
        problems = problems or (check(read) if check is not None else [])
    except ValidationError as error:
        problems = [
            *problems,
            *((item["loc"], _say(item)) for item in error.errors(include_url=False, include_context=False)),
        ]
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        # PyYAML's own constructors let the last five through: an explicit tag such as !!int on a word.
        problems = [((), f"this cannot be read ({_first_line(error)})")]
    if problems:
        lines = [_describe(path, root, place, said) for place, said in problems]
        raise ConfigurationError(f"Read {path.name}; it does not fit:\n" + "\n".join(lines) + "\nMend these lines.")
    return read


def _compose(path: Path) -> yaml.Node | None:
    try:
        return yaml.compose(path.read_text(encoding="utf-8"), Loader=_Loader)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"Read {path}; that failed ({error}). Check the path.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise ConfigurationError(f"Read {path}{line}: this is no YAML ({problem}). Mend that line.") from None
    except RecursionError:
        raise ConfigurationError(
            f"Read {path}; it is nested too deeply. Look for brackets that are not closed."
        ) from None


def _find_repeated(node: yaml.Node, seen: set[int], place: tuple[str | int, ...] = ()) -> Iterator[Problem]:
    """Keys that stand twice in one mapping: YAML would take the last one without a word.

    Args:
        node: where to look.
        seen: nodes that were looked at: an alias stands for the same one again, and may stand for millions.
        place: of the node.
    """
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _find_repeated(item, seen, (*place, number))
    elif isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in lines:
                yield (*place, name), f"stands twice, in the lines {lines[name]} and {key.start_mark.line + 1}"
            lines.setdefault(name, key.start_mark.line + 1)
            yield from _find_repeated(value, seen, (*place, name))


def _say(item: Any) -> str:  # noqa: ANN401 - pydantic's description of an error
    """What pydantic found, and what to do where YAML took a word for something else: `name: off` is a switch."""
    if item["type"] == "model_type":  # pydantic names our class, which is nothing to a user
        return "here must stand fields, each as `name: value`"
    if item["type"] == "string_type" and isinstance(item["input"], bool | int | float | None):
        return f"{item['msg']}; YAML reads it as {item['input']!r}: write it in quotes"
    return str(item["msg"])


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


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
