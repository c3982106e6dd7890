"""YAML that remembers where everything stood, so that an error can name the line a person has to change."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from simulation.errors import UsageError

Place = tuple[str, ...]
"""Path in a document: keys and list indices from the top, as text."""


@dataclass(frozen=True, kw_only=True)
class MarkedYaml:
    """A document and its lines."""

    file: Path
    value: Any
    lines: dict[Place, int]

    def line_of(self, path: Sequence[str | int]) -> int:
        """Line of a key or list item; where it is not in the file, the line of the nearest one around it."""
        place = tuple(str(part) for part in path)
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def error(self, path: Sequence[str | int], *, problem: str, remedy: str) -> UsageError:
        return UsageError(place=f"{self.file}:{self.line_of(path)}", problem=problem, remedy=remedy)


def read_yaml(file: Path) -> MarkedYaml:
    """:raises UsageError: no such file, not YAML, or a key that stands twice."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            place=str(file), problem=f"cannot be read: {error}", remedy="name an existing YAML file in UTF-8"
        ) from error
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        reader = _Reader(file=file, loader=loader, lines={})
        value = None if node is None else reader.value(node, ())
    except yaml.MarkedYAMLError as error:
        line = 1 if error.problem_mark is None else error.problem_mark.line + 1
        raise UsageError(
            place=f"{file}:{line}", problem=f"is not YAML: {error.problem}", remedy="correct the line (indent, quotes)"
        ) from error
    except yaml.YAMLError as error:
        raise UsageError(place=str(file), problem=f"is not YAML: {error}", remedy="correct the file") from error
    finally:
        loader.dispose()
    return MarkedYaml(file=file, value=value, lines=reader.lines)


@dataclass(frozen=True, kw_only=True)
class _Reader:
    file: Path
    loader: yaml.SafeLoader
    lines: dict[Place, int]

    def value(self, node: yaml.Node, place: Place) -> Any:
        """Python value of a node; notes the line of everything below it."""
        self.lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*place, str(index))) for index, item in enumerate(node.value)]
        return self._scalar(node)

    def _scalar(self, node: yaml.Node) -> Any:
        try:
            return self.loader.construct_object(node)
        except ValueError as error:
            raise UsageError(
                place=f"{self.file}:{node.start_mark.line + 1}",
                problem=f"{node.value!r} is not a valid date or number: {error}",
                remedy="correct it, or put it in quotes",
            ) from error

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[Hashable, Any]:
        result: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = self.loader.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable) or key in result:
                raise UsageError(
                    place=f"{self.file}:{line}", problem=f"key {key!r} stands twice or is no key", remedy="remove one"
                )
            below = (*place, str(key))
            self.lines[below] = line
            result[key] = self.value(value_node, below)
        return result
