"""The rules a contract may state for a column: what its value must be, and how that is known from outside.

A *path* names something in the scope of a write, e.g. ``request.body.email`` or ``row.contest_id``; the names a scope
has are listed in :mod:`simulation.contract.document`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, JsonValue, Tag

from simulation.documents.strict import refusal

_PATH = re.compile(r"[A-Za-z_]\w*(\.[\w*:-]+)*")
_HOLE = re.compile(r"\{([^{}]*)\}")


def _path(text: str) -> str:
    if not _PATH.fullmatch(text):
        raise refusal(f"{text!r} is no path", remedy="write names joined by dots, such as request.body.email")
    return text


def _template(text: str) -> str:
    for hole in _HOLE.findall(text):
        _path(hole)
    return text


Path = Annotated[str, AfterValidator(_path)]
Template = Annotated[str, AfterValidator(_template)]
"""A text with paths in braces: ``payout:{row.id}``."""


def holes(template: str) -> tuple[str, ...]:
    """The paths in a template's braces, in order."""
    return tuple(_HOLE.findall(template))


def filled(template: str, values: dict[str, str]) -> str:
    """The template with the value of each path in place of its braces."""
    return _HOLE.sub(lambda hole: values[hole.group(1)], template)


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Literally(_Rule):
    """A constant argument, as opposed to a path."""

    constant: JsonValue


Argument = Annotated[
    Annotated[Path, Tag("path")] | Annotated[Literally, Tag("constant")],
    Discriminator(lambda value: "constant" if isinstance(value, (dict, Literally)) else "path"),
]
"""A path, or ``{constant: value}``."""


class Given(_Rule):
    """The value that a witness saw outside the platform. ``given`` is the path to it."""

    given: Path


class Derived(_Rule):
    """The result of a function of :mod:`simulation.contract.functions` for the values at the paths ``of``."""

    derived: str
    of: tuple[Argument, ...] = ()


class Text(_Rule):
    """Exactly the text that the template gives."""

    text: Template


class Counted(_Rule):
    """How many rows of a table, as they are after the transaction, have these values."""

    count: str
    where: dict[str, Argument]


class Summed(_Rule):
    """The sum of ``table.column`` over the rows that have these values, as they are after the transaction."""

    sum: str
    where: dict[str, Argument]


class Instant(_Rule):
    """A time: ``commit`` is when the transaction committed (from the write-ahead log), anything else a path to a time.

    ``plus_seconds`` is added to it; ``within_seconds`` is how much later the value may be, for a time that no witness
    sees itself but that lies between two that are seen.
    """

    instant: Path
    plus_seconds: int = 0
    within_seconds: Annotated[int, Field(ge=0)] = 0


class Identity(_Rule):
    """An identity that the platform generates: it cannot be predicted from outside, but must be unique as stated.

    ``unique``: no two rows of the table have the same. ``ascending``: unique, and greater in later transactions.
    ``shared``: all rows of the table that one transaction writes and that have equal values in the columns ``by`` have
    the same, and no other row has it.
    """

    identity: Literal["unique", "ascending", "shared"]
    by: tuple[str, ...] = ()


class Reference(_Rule):
    """The key (``table.column``) of a row of another table; which row: ``same`` pairs columns of this row with columns
    of that one that must have equal values."""

    refers: str
    same: dict[str, str] = {}


class State(_Rule):
    """The column changes to this state; before the write it must have been one of ``after``."""

    state: JsonValue
    after: tuple[JsonValue, ...]


class Constant(_Rule):
    """Always this value."""

    constant: JsonValue


class OneOf(_Rule):
    """One of these values; which one cannot be known from outside, or is decided by another rule."""

    one_of: Annotated[tuple[JsonValue, ...], Field(min_length=2)]


class Among(_Rule):
    """One of the values at a path, where a witness knows several that are right."""

    among: Path


class Words(_Rule):
    """A text, such as a reason, that must contain each of these words, in any order and case."""

    words: Annotated[tuple[Template, ...], Field(min_length=1)]


class Hashed(_Rule):
    """A document whose sha256 (of its canonical JSON) equals the one at a path, or one of a list there."""

    sha256: Path


class Asked(_Rule):
    """The id of a request to one of these routes (``METHOD /path/{name}``), answered at or after the commit."""

    asked: Annotated[tuple[str, ...], Field(min_length=1)]


class Caller(_Rule):
    """The token subject of the request whose id is at the path ``caller``; ``otherwise`` if there is no token or no
    such request."""

    caller: Path
    otherwise: JsonValue


class Composed(_Rule):
    """A text with parts (``job:settlement:{started}``), each with its own rule. A part contains no braces."""

    composed: str
    parts: dict[str, Rule]


class Document(_Rule):
    """A JSON object with exactly these keys, each with a rule of its own."""

    document: dict[str, Rule]


class Listing(_Rule):
    """A JSON array with one item for each element at the path ``list``, in that order; ``called``: the name that the
    element has in the rule ``each`` of an item."""

    list: Path
    called: str
    each: Rule


class Keyed(_Rule):
    """A JSON object with one key for each element at the path ``object``; ``key`` is the path to that key."""

    object: Path
    called: str
    key: Path
    each: Rule


class Mapped(_Rule):
    """The platform's own word for the value at a path, looked up in ``to``."""

    mapped: Path
    to: Annotated[dict[str, JsonValue], Field(min_length=1)]


class Unchanged(_Rule):
    """The value that the column had before this write."""

    unchanged: Literal[True]


class AnyOf(_Rule):
    """At least one of these rules holds."""

    any_of: Annotated[tuple[Rule, ...], Field(min_length=2)]


class Free(_Rule):
    """The value cannot be known from outside; the text says why. Counted as not judged."""

    free: Annotated[str, Field(min_length=10)]


_KINDS: dict[str, type[_Rule]] = {
    "given": Given,
    "derived": Derived,
    "text": Text,
    "count": Counted,
    "sum": Summed,
    "instant": Instant,
    "identity": Identity,
    "refers": Reference,
    "state": State,
    "constant": Constant,
    "one_of": OneOf,
    "among": Among,
    "words": Words,
    "document": Document,
    "list": Listing,
    "object": Keyed,
    "mapped": Mapped,
    "sha256": Hashed,
    "asked": Asked,
    "caller": Caller,
    "composed": Composed,
    "unchanged": Unchanged,
    "any_of": AnyOf,
    "free": Free,
}


EXACT: tuple[type[_Rule], ...] = (
    Given, Derived, Text, Counted, Summed, Constant, Document, Listing, Keyed, Mapped, Caller, Unchanged,
)  # fmt: skip
"""Rules from which exactly one value follows."""


def kinds() -> tuple[str, ...]:
    """The YAML keys that identify the kinds of rules."""
    return tuple(_KINDS)


def kind_name(rule: type[_Rule]) -> str:
    """The YAML key of a kind of rule."""
    return next(kind for kind, model in _KINDS.items() if model is rule)


def kind_of(rule: _Rule) -> str:
    """The YAML key of this rule's kind."""
    return kind_name(type(rule))


def _kind(value: Any) -> str | None:
    keys = value if isinstance(value, dict) else type(value).model_fields if isinstance(value, BaseModel) else ()
    return next((kind for kind in _KINDS if kind in keys), None)


Rule = Annotated[
    Annotated[Given, Tag("given")]
    | Annotated[Derived, Tag("derived")]
    | Annotated[Text, Tag("text")]
    | Annotated[Counted, Tag("count")]
    | Annotated[Summed, Tag("sum")]
    | Annotated[Instant, Tag("instant")]
    | Annotated[Identity, Tag("identity")]
    | Annotated[Reference, Tag("refers")]
    | Annotated[State, Tag("state")]
    | Annotated[Constant, Tag("constant")]
    | Annotated[OneOf, Tag("one_of")]
    | Annotated[Among, Tag("among")]
    | Annotated[Words, Tag("words")]
    | Annotated[Document, Tag("document")]
    | Annotated[Listing, Tag("list")]
    | Annotated[Keyed, Tag("object")]
    | Annotated[Mapped, Tag("mapped")]
    | Annotated[Hashed, Tag("sha256")]
    | Annotated[Asked, Tag("asked")]
    | Annotated[Caller, Tag("caller")]
    | Annotated[Composed, Tag("composed")]
    | Annotated[Unchanged, Tag("unchanged")]
    | Annotated[AnyOf, Tag("any_of")]
    | Annotated[Free, Tag("free")],
    Discriminator(
        _kind,
        custom_error_type="refused",
        custom_error_message="{problem}",
        custom_error_context={
            "problem": "is no rule",
            "remedy": f"write {{given: request.body.email}}, or another of {', '.join(_KINDS)}",
        },
    ),
]

Composed.model_rebuild()
Document.model_rebuild()
Listing.model_rebuild()
Keyed.model_rebuild()
AnyOf.model_rebuild()
