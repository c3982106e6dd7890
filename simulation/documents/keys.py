"""Which keys a scenario file may have at a place, read off the pydantic models so that the list is never out of
date."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel


def keys_at(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """Keys of the mapping at ``path`` below ``model``, in the model's order; none where there is no model."""
    here: Any = model
    for part in path:
        here = _below(here, part)
    found = _model_in(here)
    return [] if found is None else list(found.model_fields)


def _below(annotation: Any, part: str | int) -> Any:
    """Type of a field, of a list's items, or of a mapping's values."""
    model = _model_in(annotation)
    if model is not None:
        field = model.model_fields.get(str(part))
        return None if field is None else field.annotation
    arguments = [argument for argument in get_args(annotation) if argument is not Ellipsis]
    return arguments[-1] if arguments else None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return _model_in(get_args(annotation)[0]) if get_origin(annotation) is Annotated else None
