"""The rules a contract may state of a column: what its value must be, and how anybody outside can know it.

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
"""Text with paths in braces: ``payout:{row.id}``."""


def holes(template: str) -> tuple[str, ...]:
    """The paths in a template, in order."""
    return tuple(_HOLE.findall(template))


def filled(template: str, values: dict[str, str]) -> str:
    """A template with every hole filled."""
    return _HOLE.sub(lambda hole: values[hole.group(1)], template)


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Literally(_Rule):
    """A value that is written down rather than looked up."""

    constant: JsonValue


Argument = Annotated[
    Annotated[Path, Tag("path")] | Annotated[Literally, Tag("constant")],
    Discriminator(lambda value: "constant" if isinstance(value, (dict, Literally)) else "path"),
]
"""A path, or ``{constant: value}``."""


class Given(_Rule):
    """A witness outside saw this value. ``given`` is a path to it."""

    given: Path


class Derived(_Rule):
    """A function of other facts: one of :mod:`simulation.contract.functions`, of the values at ``of``."""

    derived: str
    of: tuple[Argument, ...] = ()


class Text(_Rule):
    """A text made of other facts, to the letter."""

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
    """A moment: ``commit`` is the transaction's own (that the write-ahead log saw), any other a path to one.

    ``plus_seconds`` is added to it; ``within_seconds`` is how much later the value may be, for a moment that lies
    between two that one can see.
    """

    instant: Path
    plus_seconds: int = 0
    within_seconds: Annotated[int, Field(ge=0)] = 0


class Identity(_Rule):
    """A name of the platform's own making, which nobody outside can foresee, but which must tell rows apart.

    ``unique``: no two rows of the table have it. ``ascending``: unique, and later transactions have greater ones.
    ``shared``: all rows of the table that one transaction writes and that are alike in the columns ``by`` have the
    same, and no others have it.
    """

    identity: Literal["unique", "ascending", "shared"]
    by: tuple[str, ...] = ()


class Reference(_Rule):
    """The key of a row of another table (``table.column``) that belongs to the same things: ``same`` pairs columns of
    this row with columns of that one."""

    refers: str
    same: dict[str, str] = {}


class State(_Rule):
    """The state that this write brings; before it the column held one of ``after``."""

    state: JsonValue
    after: tuple[JsonValue, ...]


class Constant(_Rule):
    """Always this value."""

    constant: JsonValue


class OneOf(_Rule):
    """One of these values; which of them nobody outside can know, or another rule decides."""

    one_of: Annotated[tuple[JsonValue, ...], Field(min_length=2)]


class Among(_Rule):
    """One of the values at a path: more than one can be right, and a witness outside knows which."""

    among: Path


class Words(_Rule):
    """What a reason must say: every one of these, in any order and case."""

    words: Annotated[tuple[Template, ...], Field(min_length=1)]


class Hashed(_Rule):
    """A document whose sha256 (of its canonical JSON) is the one at a path, or one of those there."""

    sha256: Path


class Asked(_Rule):
    """The id of a request to one of these routes (``METHOD /path/{name}``) that the platform answered then or later."""

    asked: Annotated[tuple[str, ...], Field(min_length=1)]


class Caller(_Rule):
    """Whose token the request carried whose id is at the path; ``otherwise`` for a request without, or for no request
    at all."""

    caller: Path
    otherwise: JsonValue


class Composed(_Rule):
    """A text with parts (``job:settlement:{started}``), each with a rule of its own. A part has no braces in it."""

    composed: str
    parts: dict[str, Rule]


class Document(_Rule):
    """A JSON object with exactly these keys, each with a rule of its own."""

    document: dict[str, Rule]


class Listing(_Rule):
    """A JSON array with one item for each of the things at the path ``list``, in that order; ``called``: the name by
    which the rule of an item speaks of its thing."""

    list: Path
    called: str
    each: Rule


class Keyed(_Rule):
    """A JSON object with one key for each of the things at the path ``object``; ``key`` is a path to it."""

    object: Path
    called: str
    key: Path
    each: Rule


class Mapped(_Rule):
    """The platform's word for the value at a path."""

    mapped: Path
    to: Annotated[dict[str, JsonValue], Field(min_length=1)]


class Unchanged(_Rule):
    """What it was before this write."""

    unchanged: Literal[True]


class AnyOf(_Rule):
    """At least one of these rules holds."""

    any_of: Annotated[tuple[Rule, ...], Field(min_length=2)]


class Free(_Rule):
    """Nobody outside can know it; the text says why. Counted as not judged."""

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
    """The keys by which rules are written."""
    return tuple(_KINDS)


def kind_name(rule: type[_Rule]) -> str:
    """The key by which a kind of rule is written."""
    return next(kind for kind, model in _KINDS.items() if model is rule)


def kind_of(rule: _Rule) -> str:
    """The key that says which rule it is."""
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
