"""Finds the endpoint for a method and path, and checks key and parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from simulation.world.stripe.api import ApiRequest, Call
from simulation.world.stripe.errors import ApiError, JsonObject, Unmodelled

_ID_POSITION = 2
"""``/v1/<collection>/<id>/<action>``."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """One endpoint. ``template`` has ``{id}`` where the object's id stands."""

    method: str
    template: str
    endpoint: Callable[[Call], JsonObject]
    accepts: frozenset[str] = frozenset()
    """Parameters that Stripe knows here and that the twin follows, or may ignore because they change no money or
    state."""
    unmodelled: frozenset[str] = frozenset()
    """Parameters that Stripe knows here and that the twin does not model: a request with one is refused and noted."""
    publishable: bool = False
    """May be called with a publishable key."""

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    def check(self, request: ApiRequest) -> None:
        """Refuse wrong keys and parameters before anything executes."""
        if request.origin == "entrant" and not self.publishable:
            raise ApiError(
                "This request needs a secret key; a publishable one was used.", status=401, code="secret_key_required"
            )
        request.params.check_names(self.accepts | {"expand"}, self.unmodelled)


def names(spaced: str) -> frozenset[str]:
    """Parameter names, given as one text with spaces between."""
    return frozenset(spaced.split())


class Router:
    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = {(route.method, route.template): route for route in routes}

    def find(self, request: ApiRequest) -> Route:
        """The endpoint for a request; 404 where the twin has none (Stripe may have one: the journal says so)."""
        segments = request.segments
        if len(segments) > _ID_POSITION:
            segments[_ID_POSITION] = "{id}"
        route = self._routes.get((request.method, "/" + "/".join(segments)))
        if route is None:
            raise Unmodelled(f"Unrecognized request URL ({request.method}: {request.path}).", status=404)
        return route


def object_id_of(request: ApiRequest) -> str:
    """The id in the path, "" for a collection."""
    segments = request.segments
    return segments[_ID_POSITION] if len(segments) > _ID_POSITION else ""
