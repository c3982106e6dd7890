"""Which keys a file may have at a place, read off the pydantic models so that the list is never out of date.

Where models are told apart by a field of theirs (a fault by its ``kind``), pydantic's place of an error has the tag in
it: ``("faults", 0, <kind>, "minutes")``. In the file there is no such level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, Discriminator, Tag
from pydantic.fields import FieldInfo


def keys_at(model: type[BaseModel], place: Sequence[str | int]) -> list[str]:
    """Keys of the mapping at ``place`` below ``model``, in the model's order; none where there is no model."""
    found = _model_in(_at(model, place))
    return [] if found is None else list(found.model_fields)


def without_tags(model: type[BaseModel], place: Sequence[str | int]) -> tuple[str | int, ...]:
    """The place as the file has it."""
    return tuple(part for index, part in enumerate(place) if part not in _tagged(_at(model, place[:index])))


def alternatives_at(model: type[BaseModel], place: Sequence[str | int]) -> Mapping[str, type[BaseModel]]:
    """Models by their tag, of one of which the mapping at ``place`` is; none where the place has no tag at its end."""
    tagged = _tagged(_at(model, place[:-1])) if place else {}
    return {tag: kind for tag, kind in tagged.items() if _model_in(kind) is not None}


def _at(model: type[BaseModel], place: Sequence[str | int]) -> Any:
    here: Any = model
    for part in place:
        here = _below(here, part)
    return here


def _below(annotation: Any, part: str | int) -> Any:
    """Type of a field, of one of several models, of a list's items, or of a mapping's values."""
    model = _model_in(annotation)
    if model is not None:
        field = model.model_fields.get(str(part))
        return None if field is None else _annotation(field)
    tagged = _tagged(annotation)
    if tagged:
        return tagged.get(str(part))
    arguments = [argument for argument in get_args(annotation) if argument is not Ellipsis]
    return arguments[-1] if arguments else None


def _annotation(field: FieldInfo) -> Any:
    """Of a field that is one of several models, with what tells them apart, which pydantic keeps beside it."""
    apart = next((item for item in field.metadata if isinstance(item, Discriminator)), None)
    return _given(field.annotation) if apart is None else Annotated[field.annotation, apart]


def _given(annotation: Any) -> Any:
    """Of a field that may be left out (``X | None``) what it is when it is there."""
    there = [each for each in get_args(annotation) if each is not NoneType]
    optional = get_origin(annotation) is UnionType and len(there) == 1 and NoneType in get_args(annotation)
    return there[0] if optional else annotation


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return _model_in(get_args(annotation)[0]) if get_origin(annotation) is Annotated else None


def _tagged(annotation: Any) -> Mapping[str, type[BaseModel]]:
    """Models that a field (or a function of the value) tells apart, by tag; none where the annotation is no such
    union."""
    if get_origin(annotation) is not Annotated:
        return {}
    union, *metadata = get_args(annotation)
    for item in metadata:
        if isinstance(item, Discriminator):
            one_of = [get_args(each) for each in get_args(union)]
            return {tag.tag: kind for kind, *more in one_of for tag in more if isinstance(tag, Tag)}
        if isinstance(item, FieldInfo) and isinstance(item.discriminator, str):
            name = item.discriminator
            return {get_args(model.model_fields[name].annotation)[0]: model for model in get_args(union)}
    return {}
