"""Reads a raw HTTP request: whose API key it carries, and what it asks for."""

from __future__ import annotations

from collections.abc import Mapping

from werkzeug.datastructures import Authorization

from simulation.events import StripeOrigin
from simulation.world.stripe.api import ApiRequest
from simulation.world.stripe.form import decode
from simulation.world.stripe.ids import Ids
from simulation.world.stripe.journal import Journal
from simulation.world.stripe.params import Params


class Entrance:
    """Turns raw requests into :class:`ApiRequest`.

    :param origins: API key → whose it is.
    """

    def __init__(self, *, origins: Mapping[str, StripeOrigin], ids: Ids, journal: Journal) -> None:
        self._origins = origins
        self._ids = ids
        self._journal = journal

    def read(
        self, *, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[ApiRequest, bool]:
        """The request, and whether its API key is known.

        A request with an unknown key counts as the platform's, since it came from there.
        """
        found = {name.lower(): value for name, value in headers.items()}
        origin = self._origins.get(_api_key(found.get("authorization", "")))
        key = found.get("idempotency-key")
        request = ApiRequest(
            request_id=self._ids.next("req"),
            origin=origin or "platform",
            method=method.upper(),
            path=path,
            params=Params(decode(query) | decode(body.decode(errors="replace"))),
            idempotency_key=key,
            recorded_key=self._journal.key_name(key),
            account=found.get("stripe-account"),
        )
        return request, origin is not None


def _api_key(authorization: str) -> str:
    """The key in ``Bearer <key>``, as official SDKs send it, or the user name of basic authentication (``curl -u``)."""
    try:
        given = Authorization.from_header(authorization)
    except ValueError:  # werkzeug's, of a basic authentication that is no ASCII
        given = None
    if given is None:
        return ""
    return (given.username if given.type == "basic" else given.token) or ""
