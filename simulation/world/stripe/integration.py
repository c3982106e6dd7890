"""How one platform uses Stripe: what it writes on its objects, which events it asked for, what is answered for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from simulation.world.stripe.api import API_VERSION, Call
from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.labels import DOCUMENTED, MetadataNames
from simulation.world.stripe.objects.webhook_endpoint import SUBSCRIBED
from simulation.world.stripe.routing import Route


@dataclass(frozen=True, kw_only=True)
class Stub:
    """A call that the twin does not model and that a target declares to be harmless, with the answer that it gets.

    :param path: as in ``/v1/products/{id}``.
    """

    method: str
    path: str
    answer: JsonObject

    def route(self) -> Route:
        """An endpoint that always gives the answer; what was sent is not looked at."""

        def say(_: Call) -> JsonObject:
            copied: JsonObject = json.loads(json.dumps(self.answer))
            return copied

        return Route(method=self.method, template=self.path, endpoint=say, accepts=None, connected=None)


@dataclass(frozen=True, kw_only=True)
class Integration:
    """The defaults are those of fixtures/spec/platform.md.

    :param events: types that its webhook endpoints get; ``*`` is all of them.
    :param api_version: with which its endpoints were made, and which their events name.
    """

    names: MetadataNames = DOCUMENTED
    events: tuple[str, ...] = SUBSCRIBED
    api_version: str = API_VERSION
    stubs: tuple[Stub, ...] = ()

    def knowing(self, owners: Mapping[str, str]) -> Integration:
        """The same, which finds in this mapping whose an order is."""
        return replace(self, names=replace(self.names, owners=owners))


AS_DOCUMENTED = Integration()
