"""Reads a raw HTTP request: whose API key it carries, and what it asks for."""

from __future__ import annotations

from collections.abc import Mapping

from werkzeug.datastructures import Authorization

from simulation.events import StripeOrigin
from simulation.world.stripe.api import ApiRequest
from simulation.world.stripe.errors import ApiError
from simulation.world.stripe.form import decode
from simulation.world.stripe.ids import Ids
from simulation.world.stripe.journal import Journal
from simulation.world.stripe.params import Params


class Entrance:
    """Turns raw requests into :class:`ApiRequest`.

    :param origins: API key → whose it is.
    """

    def __init__(self, *, origins: Mapping[str, StripeOrigin], ids: Ids, journal: Journal) -> None:
        self._origins = {**origins}
        self._expired: dict[str, str] = {}
        """Keys that were rolled, each with the fault that did it."""
        self._ids = ids
        self._journal = journal

    def read(
        self, *, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[ApiRequest, ApiError | None]:
        """The request, and why it is turned away, if its API key is not known or not any more.

        A request with an unknown key counts as the platform's, since it came from there.
        """
        found = {name.lower(): value for name, value in headers.items()}
        api_key = _api_key(found.get("authorization", ""))
        origin = self._origins.get(api_key)
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
            fault_id=self._expired.get(api_key),
        )
        if origin is not None:
            return request, None
        if api_key in self._expired:
            return request, ApiError("Expired API Key provided.", status=401, code="api_key_expired")
        return request, ApiError("Invalid API Key provided.", status=401)

    def roll(self, key: str, *, new_key: str, fault_id: str) -> None:
        """A key expires at once, and another one takes its place."""
        self._origins[new_key] = self._origins.pop(key)
        self._expired[key] = fault_id


def _api_key(authorization: str) -> str:
    """The key in ``Bearer <key>``, as official SDKs send it, or the user name of basic authentication (``curl -u``)."""
    try:
        given = Authorization.from_header(authorization)
    except ValueError:  # werkzeug's, of a basic authentication that is no ASCII
        given = None
    if given is None:
        return ""
    return (given.username if given.type == "basic" else given.token) or ""
