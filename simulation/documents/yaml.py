"""YAML that remembers where everything stood, so that an error can name the line a person has to change.

Aliases are understood up to a bound; tags and merge keys, which no file here needs, are refused.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from simulation.documents.plain import DEEPEST, MOST_VALUES, first_oddity
from simulation.documents.text import read_text
from simulation.errors import UsageError

Place = tuple[str, ...]
"""Path in a document: keys and list indices from the top, as text."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C takes a twentieth of the time; a PyYAML that was built without it has only the other."""
_STANDARD_TAGS = "tag:yaml.org,2002:"
_TEXT, _NULL, _MERGE, _INTEGER = (f"{_STANDARD_TAGS}{kind}" for kind in ("str", "null", "merge", "int"))
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9_]*)")
"""YAML reads 010 as eight, 0x10 as sixteen and 1:30 as ninety."""
_LONGEST_NUMBER = 40
"""Characters of a number or date. Python takes quadratic time to read long ones."""


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


def read_yaml(file: Path, *, as_text: bool = False) -> MarkedYaml:
    """The document in a file.

    :param as_text: whether numbers, dates and truth values stay the text that they are in the file.

    :raises UsageError: no such file, no text, not YAML, a key that stands twice, or a value that no document of ours
        has (:mod:`simulation.documents.plain`).
    """
    return parse_yaml(read_text(file, kind="a YAML file"), file=file, as_text=as_text)


def parse_yaml(text: str, *, file: Path, first_line: int = 1, as_text: bool = False) -> MarkedYaml:
    """The document in a text.

    :param file: where the text comes from, for messages. :param first_line: the line of the file it begins at.
    :param as_text: as for :func:`read_yaml`.
    :raises UsageError: as :func:`read_yaml`.
    """
    loader = _Loader(text)
    try:
        reader = _Reader(file=file, loader=loader, first_line=first_line, as_text=as_text)
        value = reader.document()
    except yaml.MarkedYAMLError as error:
        marked = 0 if error.problem_mark is None else error.problem_mark.line
        line = first_line + min(marked, text.rstrip("\n").count("\n"))  # the parser in C counts one line too many
        raise UsageError(
            place=f"{file}:{line}", problem=f"is not YAML: {error.problem}", remedy="correct the line (indent, quotes)"
        ) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # an escape beyond Unicode, a directive's number
        raise UsageError(
            place=f"{file}:{first_line}", problem=f"is not YAML: {error}", remedy="correct the file"
        ) from error
    finally:
        loader.dispose()
    document = MarkedYaml(file=file, value=value, lines=reader.lines)
    if (odd := first_oddity(value)) is not None:
        where = ".".join(map(str, odd.place))
        raise document.error(odd.place, problem=f"{where}: {odd.problem}" if where else odd.problem, remedy=odd.remedy)
    return document


class _Anchored(NamedTuple):
    value: Any
    values: int
    """How many values it is, itself included."""


@dataclass(kw_only=True)
class _Reader:
    """Makes a document of the parser's events, and stops at the first that goes too far: deep nesting is never built
    up, and an alias counts as all the values that it repeats."""

    file: Path
    loader: Any
    first_line: int
    as_text: bool = False
    lines: dict[Place, int] = field(default_factory=dict)
    values: int = 0
    anchors: dict[str, _Anchored] = field(default_factory=dict)

    def document(self) -> Any:
        events = self._events()
        event = next(events)
        if isinstance(event, yaml.StreamEndEvent):
            return None
        value = self._value(next(events), events, ())
        next(events)  # the document's end
        if not isinstance(more := next(events), yaml.StreamEndEvent):
            raise self._error(more, "a second document begins", "keep one in a file")
        return value

    def _events(self) -> Iterator[Any]:
        self.loader.get_event()  # the stream's start
        while True:
            yield self.loader.get_event()

    def _value(self, event: Any, events: Iterator[Any], place: Place) -> Any:
        """The value that an event begins; notes the line of everything in it."""
        self.lines.setdefault(place, self._line(event))
        self._count(event, 1)
        if isinstance(event, yaml.AliasEvent):
            return self._repeated(event)
        if event.tag is not None:
            tag = event.tag.replace(_STANDARD_TAGS, "!!")
            raise self._error(event, f"the tag {tag} means nothing here", "remove it; put a text in quotes")
        if len(place) > DEEPEST:
            raise self._error(event, f"nested in more than {DEEPEST} levels", "write fewer brackets")
        before = self.values
        value = self._built(event, events, place)
        if event.anchor is not None:
            self.anchors[event.anchor] = _Anchored(value, self.values - before + 1)
        return value

    def _built(self, event: Any, events: Iterator[Any], place: Place) -> Any:
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(events, place)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, place)
        return self._scalar(event)

    def _repeated(self, event: Any) -> Any:
        anchored = self.anchors.get(event.anchor)
        if anchored is None:
            raise self._error(
                event,
                f"the alias *{event.anchor} repeats what is not written yet, or what it stands in",
                f"write &{event.anchor} before it, or write it out",
            )
        self._count(event, anchored.values - 1)
        return anchored.value

    def _count(self, event: Any, values: int) -> None:
        self.values += values
        if self.values > MOST_VALUES:
            raise self._error(event, f"more than {MOST_VALUES:,} values up to here", "keep the file below that")

    def _sequence(self, events: Iterator[Any], place: Place) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            found.append(self._value(event, events, (*place, str(len(found)))))
        return found

    def _mapping(self, events: Iterator[Any], place: Place) -> dict[Hashable, Any]:
        found: dict[Hashable, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._key(event)
            if key in found:
                raise self._error(event, f"key {key!r} stands twice", "remove one")
            below = (*place, str(key))
            self.lines[below] = self._line(event)
            found[key] = self._value(next(events), events, below)
        return found

    def _key(self, event: Any) -> Hashable:
        if not isinstance(event, yaml.ScalarEvent) or event.tag is not None:
            raise self._error(event, "a list, a mapping, an alias or a tag is no key", "write a word and a colon")
        if self._resolved(event) == _MERGE:
            raise self._error(event, "the merge key << is not understood", "write the keys out")
        key = self._scalar(event)
        assert isinstance(key, Hashable)
        return key

    def _resolved(self, event: Any) -> str:
        return str(self.loader.resolve(yaml.ScalarNode, event.value, event.implicit))

    def _scalar(self, event: Any) -> Any:
        """The text, number, truth value, time or null that a scalar is."""
        tag = self._resolved(event)
        if tag == _TEXT or tag not in self.loader.yaml_constructors or (self.as_text and tag != _NULL):
            return event.value
        if len(event.value) > _LONGEST_NUMBER:
            raise self._error(
                event, f"a number of {len(event.value):,} characters", "write a shorter one, or put it in quotes"
            )
        if tag == _INTEGER and not _DECIMAL.fullmatch(event.value):
            raise self._error(
                event, f"{event.value!r} is not the number that it seems", "write it in decimals without a leading 0"
            )
        try:
            return self.loader.construct_object(yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark))
        except (ValueError, OverflowError) as error:
            raise self._error(
                event, f"{event.value!r} is not a valid date or number: {error}", "correct it, or put it in quotes"
            ) from error

    def _line(self, event: Any) -> int:
        return self.first_line + int(event.start_mark.line)

    def _error(self, event: Any, problem: str, remedy: str) -> UsageError:
        return UsageError(place=f"{self.file}:{self._line(event)}", problem=problem, remedy=remedy)
