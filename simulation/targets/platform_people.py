"""How players and organizers act on a platform with the routes of fixtures/spec/platform.md: what its app would ask for
them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from simulation.events import Actor
from simulation.witness.exchange import ExchangeContext


class PlatformPeople:
    """See :class:`simulation.targets.protocol.People`."""

    def __init__(self, *, http: httpx.Client, context: ExchangeContext) -> None:
        self._http = http
        self._context = context

    def sign_up(self, *, name: str, email: str) -> str:
        return str(self._post("/api/users", {"name": name, "email": email})["user_id"])

    def connect_account(self, *, user_id: str) -> str:
        answer = self._post(f"/api/users/{user_id}/connected-account", {}, user_id=user_id)
        return str(answer["stripe_connected_account_id"])

    def create_contest(self, *, organizer_id: str, contest: Mapping[str, Any]) -> str:
        return str(
            self._post("/api/custom-contests", dict(contest), user_id=organizer_id, actor="organizer")[
                "contest_instance_id"
            ]
        )

    def publish_contest(self, *, organizer_id: str, contest_id: str) -> None:
        self._post(f"/api/custom-contests/{contest_id}/publish", {}, user_id=organizer_id, actor="organizer")

    def join(self, *, user_id: str, contest_id: str, roster: Sequence[str]) -> None:
        self._post(f"/api/custom-contests/{contest_id}/join", {"roster": list(roster)}, user_id=user_id)

    def delete_user(self, *, user_id: str) -> None:
        with self._context.acting("entrant"):
            self._http.delete(f"/api/users/{user_id}", headers={"X-User-Id": user_id}).raise_for_status()

    def ask_for_refund(self, *, user_id: str, contest_id: str, reason: str) -> None:
        self._post(f"/api/custom-contests/{contest_id}/refund-request", {"reason": reason}, user_id=user_id)

    def open_intent(self, *, user_id: str, contest_id: str, amount_cents: int, idempotency_key: str) -> tuple[str, str]:
        answer = self._post(
            "/api/payments/intents",
            {"contest_instance_id": contest_id, "amount_cents": amount_cents},
            user_id=user_id,
            headers={"Idempotency-Key": idempotency_key},
        )
        client_secret = str(answer["client_secret"])
        return client_secret.partition("_secret_")[0], client_secret

    def _post(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        user_id: str | None = None,
        headers: Mapping[str, str] | None = None,
        actor: Actor = "entrant",
    ) -> dict[str, Any]:
        sent = {**(headers or {}), **({"X-User-Id": user_id} if user_id is not None else {})}
        with self._context.acting(actor):
            answer = self._http.post(path, json=body, headers=sent)
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document


def revoke_platform_admin(*, http: httpx.Client, authorization: Mapping[str, str], user_id: str) -> None:
    """Take an admin's rights by the admin endpoint for it."""
    http.post(
        f"/api/admin/users/{user_id}/revoke-admin",
        json={"reason": "founder absence simulation: access revoked before day 0"},
        headers=dict(authorization),
    ).raise_for_status()
