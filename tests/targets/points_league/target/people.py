"""How members act on Points League: the requests its app makes for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx


class People:
    """See :class:`simulation.targets.protocol.People`."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def sign_up(self, *, name: str, email: str) -> str:
        return str(self._post("/members", {"handle": name, "email": email})["member"])

    def connect_account(self, *, user_id: str) -> str:
        return str(self._post("/account", {}, member=user_id)["account"])

    def create_contest(self, *, organizer_id: str, contest: Mapping[str, Any]) -> str:
        pool = {
            "title": contest["contest_name"],
            "entry_cents": contest["entry_fee_cents"],
            "split": contest["payout_structure"],
            "tournament": contest["provider_event_id"],
            "picks_each": contest["scoring"]["roster_size"],
            "closes_at": contest["lock_time"],
            "begins_at": contest["start_time"],
            "ends_at": contest["end_time"],
        }
        return str(self._post("/pools", pool, member=organizer_id)["pool"])

    def publish_contest(self, *, organizer_id: str, contest_id: str) -> None:
        self._post(f"/pools/{contest_id}/open", {}, member=organizer_id)

    def join(self, *, user_id: str, contest_id: str, roster: Sequence[str]) -> None:
        self._post(f"/pools/{contest_id}/picks", {"golfers": list(roster)}, member=user_id)

    def open_intent(self, *, user_id: str, contest_id: str, amount_cents: int, idempotency_key: str) -> tuple[str, str]:
        body = {"cents": amount_cents, "key": idempotency_key}
        answer = self._post(f"/pools/{contest_id}/topups", body, member=user_id)
        return str(answer["intent"]), str(answer["client_secret"])

    def _post(self, path: str, body: Mapping[str, Any], *, member: str | None = None) -> dict[str, Any]:
        answer = self._http.post(path, json=body, headers={"X-Member": member} if member is not None else {})
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document
