"""How players and organizers act on a platform with the routes of fixtures/spec/platform.md: what its app would ask for
them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from simulation.errors import EnvironmentFault
from simulation.events import Actor
from simulation.untrusted import NotPlain, identifier, plain_object
from simulation.witness.exchange import ExchangeContext


class PlatformPeople:
    """See :class:`simulation.targets.protocol.People`."""

    def __init__(self, *, http: httpx.Client, context: ExchangeContext) -> None:
        self._http = http
        self._context = context

    def sign_up(self, *, name: str, email: str) -> str:
        return self._id_in("user_id", "/api/users", {"name": name, "email": email})

    def connect_account(self, *, user_id: str) -> str:
        path = f"/api/users/{user_id}/connected-account"
        return self._id_in("stripe_connected_account_id", path, {}, user_id=user_id)

    def create_contest(self, *, organizer_id: str, contest: Mapping[str, Any]) -> str:
        path = "/api/custom-contests"
        return self._id_in("contest_instance_id", path, dict(contest), user_id=organizer_id, actor="organizer")

    def publish_contest(self, *, organizer_id: str, contest_id: str) -> None:
        self._post(f"/api/custom-contests/{contest_id}/publish", {}, user_id=organizer_id, actor="organizer")

    def join(self, *, user_id: str, contest_id: str, roster: Sequence[str]) -> None:
        self._post(f"/api/custom-contests/{contest_id}/join", {"roster": list(roster)}, user_id=user_id)

    def delete_user(self, *, user_id: str) -> None:
        with self._context.acting("entrant"):
            self._http.delete(f"/api/users/{user_id}", headers={"X-User-Id": user_id}).raise_for_status()

    def ask_for_refund(self, *, user_id: str, contest_id: str, reason: str) -> None:
        self._post(f"/api/custom-contests/{contest_id}/refund-request", {"reason": reason}, user_id=user_id)

    def leave_contest(self, *, user_id: str, contest_id: str) -> None:
        self._post(f"/api/custom-contests/{contest_id}/leave", {}, user_id=user_id)

    def cancel_contest(self, *, organizer_id: str, contest_id: str, reason: str) -> None:
        path = f"/api/custom-contests/{contest_id}/cancel"
        self._post(path, {"reason": reason}, user_id=organizer_id, actor="organizer")

    def open_intent(self, *, user_id: str, contest_id: str, amount_cents: int, idempotency_key: str) -> tuple[str, str]:
        client_secret = self._id_in(
            "client_secret",
            "/api/payments/intents",
            {"contest_instance_id": contest_id, "amount_cents": amount_cents},
            user_id=user_id,
            headers={"Idempotency-Key": idempotency_key},
        )
        return client_secret.partition("_secret_")[0], client_secret

    def _post(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        user_id: str | None = None,
        headers: Mapping[str, str] | None = None,
        actor: Actor = "entrant",
    ) -> httpx.Response:
        sent = {**(headers or {}), **({"X-User-Id": user_id} if user_id is not None else {})}
        with self._context.acting(actor):
            answer = self._http.post(path, json=body, headers=sent)
        return answer.raise_for_status()

    def _id_in(self, field: str, path: str, body: Mapping[str, Any], **options: Any) -> str:
        """The id in a field of the answer to a POST. Raises ``httpx.DecodingError`` for an answer without one."""
        answer = self._post(path, body, **options)
        try:
            return identifier(plain_object(answer.content).get(field))
        except NotPlain as error:
            raise httpx.DecodingError(f"{field} of POST {path}: {error}", request=answer.request) from error


def revoke_platform_admin(
    *,
    http: httpx.Client,
    authorization: Mapping[str, str],
    user_id: str,
    request: str = "POST /api/admin/users/{user_id}/revoke-admin",
    see: str = "the platform's log",
) -> None:
    """Take an admin's rights by the admin endpoint for it.

    :param request: method and path; ``{user_id}`` stands for the admin. :param see: where to look if it is refused.
    :raises EnvironmentFault: it is refused, or nobody answers: no day without the founder can begin.
    """
    method, _, path = request.partition(" ")
    try:
        answer = http.request(
            method,
            path.replace("{user_id}", user_id),
            json={"reason": "founder absence simulation: access revoked before day 0"},
            headers=dict(authorization),
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise EnvironmentFault(problem=f"{request} was not answered: {error!r}", remedy=f"see {see}") from error
    if not answer.is_success:
        raise EnvironmentFault(
            problem=f"{request} answered {answer.status_code}: {answer.text[:200]}",
            remedy=f"the operator's token must be allowed to do that; see {see}",
        )
