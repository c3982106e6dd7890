"""How players act on your backend: the requests that your app would make for them.

As it stands it speaks the routes of fixtures/spec/platform.md; if yours are the same, delete this file. Each method
sends one or two requests and raises ``httpx.HTTPStatusError`` when it is refused (``raise_for_status``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx


class People:
    """The methods of simulation.targets.protocol.People; ``http`` reaches your backend."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def sign_up(self, *, name: str, email: str) -> str:
        """Returns the new user's id."""
        return str(self._post("/api/users", {"name": name, "email": email})["user_id"])

    def connect_account(self, *, user_id: str) -> str:
        """Opens the account to which winnings are sent; returns ``acct_…``."""
        answer = self._post(f"/api/users/{user_id}/connected-account", {}, user_id=user_id)
        return str(answer["stripe_connected_account_id"])

    def create_contest(self, *, organizer_id: str, contest: Mapping[str, Any]) -> str:
        """Returns the new contest's id.

        ``contest``: contest_name, entry_fee_cents, payout_structure (``{"1": 70, "2": 30}``, percent by place),
        max_entries, lock_time, start_time, end_time (ISO 8601), provider_event_id (the tournament's id in the feed),
        scoring (``{"roster_size": 3, "missed_round_strokes": 80}``).
        """
        return str(self._post("/api/custom-contests", dict(contest), user_id=organizer_id)["contest_instance_id"])

    def publish_contest(self, *, organizer_id: str, contest_id: str) -> None:
        """Opens it for entries."""
        self._post(f"/api/custom-contests/{contest_id}/publish", {}, user_id=organizer_id)

    def join(self, *, user_id: str, contest_id: str, roster: Sequence[str]) -> None:
        """Enters with the golfers of ``roster``, by their ids in the feed."""
        self._post(f"/api/custom-contests/{contest_id}/join", {"roster": list(roster)}, user_id=user_id)

    def delete_user(self, *, user_id: str) -> None:
        """Asks for the user's deletion. Only scenarios with the fault ``transfer_winner_deleted`` need it."""
        self._http.delete(f"/api/users/{user_id}", headers={"X-User-Id": user_id}).raise_for_status()

    def ask_for_refund(self, *, user_id: str, contest_id: str, reason: str) -> None:
        """Asks for the entry fee, which goes back if it is asked for before the lock."""
        self._post(f"/api/custom-contests/{contest_id}/refund-request", {"reason": reason}, user_id=user_id)

    def leave_contest(self, *, user_id: str, contest_id: str) -> None:
        """Leaves before the lock, with the fee. Only scenarios with the fault ``entrant_leaves`` need it."""
        self._post(f"/api/custom-contests/{contest_id}/leave", {}, user_id=user_id)

    def cancel_contest(self, *, organizer_id: str, contest_id: str, reason: str) -> None:
        """Calls the contest off before its lock. Only scenarios with the fault ``contest_called_off`` need it."""
        self._post(f"/api/custom-contests/{contest_id}/cancel", {"reason": reason}, user_id=organizer_id)

    def open_intent(self, *, user_id: str, contest_id: str, amount_cents: int, idempotency_key: str) -> tuple[str, str]:
        """Begins to pay the entry fee; returns Stripe's ``pi_…`` id and the client secret."""
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
    ) -> dict[str, Any]:
        sent = {**(headers or {}), **({"X-User-Id": user_id} if user_id is not None else {})}
        answer = self._http.post(path, json=body, headers=sent)
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document
