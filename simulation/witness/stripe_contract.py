"""Sends each distinct shape of request that the platform made to Stripe once to stripe-mock.

A shape is the endpoint and the names of the parameters with the kind of their values. Requests that differ only in ids
in the path, positions in lists or the platform's own metadata keys have the same shape. The shapes come from the twin's
journal; whether the twin accepted a request plays no part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pydantic import JsonValue

from simulation.environment.stripe_mock import REMEDY, StripeMock
from simulation.events import Event, RequestShape, ShapeAnswer, StripeCall, StripeContract

_ID_POSITION = 3
"""``/v1/<collection>/<id>``, split at the slashes."""
_ANY_LENGTH = re.compile(r"\[\d+\]")


def judge_contract(events: Iterable[Event], mock: StripeMock | None) -> StripeContract:
    """stripe-mock's answers to the shapes in a history; without stripe-mock, the shapes alone.

    :raises EnvironmentFault: stripe-mock does not answer.
    """
    examples: dict[tuple[str, ...], StripeCall] = {}
    for call in events:
        if isinstance(call, StripeCall) and call.origin == "platform":
            examples.setdefault(_shape(call), call)
    calls = [examples[shape] for shape in sorted(examples)]
    shapes = tuple(
        RequestShape(method=method, path=path, parameters=tuple(parameters), example_seq=call.seq)
        for call in calls
        for method, path, *parameters in (_shape(call),)
    )
    if mock is None:
        return StripeContract(shapes=shapes, problem=f"no stripe-mock on this machine: {REMEDY}")
    mock.wait_until_up()
    return StripeContract(shapes=shapes, judge=mock.detail, answers=tuple(_put(call, mock) for call in calls))


def _put(call: StripeCall, mock: StripeMock) -> ShapeAnswer:
    answer = mock.ask(call.method, call.path, list(_leaves(call.params)))
    return ShapeAnswer(status=answer.status, complaint=answer.complaint)


def _shape(call: StripeCall) -> tuple[str, ...]:
    parts = call.path.split("/")
    if len(parts) > _ID_POSITION:
        parts[_ID_POSITION] = "{id}"
    parameters = {f"{_general(name)}: {_kind(value)}" for name, value in _leaves(call.params)}
    return call.method, "/".join(parts), *sorted(parameters)


def _leaves(params: JsonValue, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Parameters as names and values of a form: ``("metadata[user_id]", "…")``."""
    if isinstance(params, dict):
        for name, value in params.items():
            yield from _leaves(value, f"{prefix}[{name}]" if prefix else name)
    elif params is not None:
        yield prefix, str(params)


def _general(name: str) -> str:
    return "metadata[…]" if name.startswith("metadata[") else _ANY_LENGTH.sub("[]", name)


def _kind(value: str) -> str:
    if value in ("true", "false"):
        return "boolean"
    return "integer" if value.removeprefix("-").isdecimal() else "text"
