"""Finds the endpoint for a method and path, and checks key and parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from simulation.world.stripe.api import ApiRequest, Call
from simulation.world.stripe.errors import ApiError, JsonObject, Unmodelled

_NAMESPACES = frozenset({
    "apple_pay", "billing", "billing_portal", "checkout", "climate", "entitlements", "financial_connections",
    "forwarding", "identity", "issuing", "radar", "reporting", "sigma", "tax", "terminal", "test_helpers", "treasury",
})  # fmt: skip
"""Their collections have two names: ``/v1/checkout/sessions``."""
_SEARCH = "search"
"""Stands where other paths of a collection have an id."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """One endpoint. ``template`` has ``{id}`` where the object's id stands."""

    method: str
    template: str
    endpoint: Callable[[Call], JsonObject]
    accepts: frozenset[str] | None = frozenset()
    """Parameters that Stripe knows here and that the twin follows, or may ignore because they change no money or
    state; None for whatever is sent."""
    unmodelled: frozenset[str] = frozenset()
    """Parameters that Stripe knows here and that the twin does not model: a request with one is refused and noted."""
    publishable: bool = False
    """May be called with a publishable key."""
    connected: bool | None = False
    """Whether it is called for a connected account (header ``Stripe-Account``): always (True), never, or as the
    platform likes (None)."""

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    def check(self, request: ApiRequest) -> None:
        """Refuse wrong keys, accounts and parameters before anything executes."""
        for_account = request.account is not None
        if self.connected is not None and for_account is not self.connected:
            wants = "needs" if self.connected else "is not modelled with"
            raise Unmodelled(f"{request.method} {self.template} {wants} the header Stripe-Account", status=400)
        if request.origin == "entrant" and not self.publishable:
            raise ApiError(
                "This request needs a secret key; a publishable one was used.", status=401, code="secret_key_required"
            )
        if self.accepts is not None:
            request.params.check_names(self.accepts | {"expand"}, self.unmodelled)


def names(spaced: str) -> frozenset[str]:
    """Parameter names, given as one text with spaces between."""
    return frozenset(spaced.split())


class Router:
    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = {(route.method, route.template): route for route in routes}

    def find(self, request: ApiRequest) -> Route:
        """The endpoint for a request; 404 where the twin has none (Stripe may have one: the journal says so)."""
        segments, position = request.segments, id_position(request.segments)
        if position is not None:
            segments[position] = "{id}"
        route = self._routes.get((request.method, "/" + "/".join(segments)))
        if route is None:
            raise Unmodelled(f"Unrecognized request URL ({request.method}: {request.path}).", status=404)
        return route


def object_id_of(request: ApiRequest) -> str:
    """The id in the path, "" for a collection."""
    position = id_position(request.segments)
    return "" if position is None else request.segments[position]


def id_position(segments: Sequence[str]) -> int | None:
    """Where the id stands in ``v1/<collection>/<id>/<action>``; None for a path about the collection."""
    position = 3 if segments[1:2] and segments[1] in _NAMESPACES else 2
    return position if len(segments) > position and segments[position] != _SEARCH else None
