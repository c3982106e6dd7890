"""How players act on Fairway Games: the requests its app would make for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx


class People:
    """See :class:`simulation.targets.protocol.People`."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def sign_up(self, *, name: str, email: str) -> str:
        return str(self._post("/v2/players", {"name": name, "email": email})["id"])

    def connect_account(self, *, user_id: str) -> str:
        return str(self._post("/v2/players/me/payout-account", {}, player=user_id)["account"])

    def create_contest(self, *, organizer_id: str, contest: Mapping[str, Any]) -> str:
        game = {
            "title": contest["contest_name"],
            "fee_cents": contest["entry_fee_cents"],
            "prize_split": contest["payout_structure"],
            "seats": contest["max_entries"],
            "tournament": contest["provider_event_id"],
            "picks_each": contest["scoring"]["roster_size"],
            "missed_round_strokes": contest["scoring"]["missed_round_strokes"],
            "locks_at": contest["lock_time"],
            "starts_at": contest["start_time"],
            "ends_at": contest["end_time"],
        }
        return str(self._post("/v2/games", game, player=organizer_id)["id"])

    def publish_contest(self, *, organizer_id: str, contest_id: str) -> None:
        self._post(f"/v2/games/{contest_id}/open", {}, player=organizer_id)

    def join(self, *, user_id: str, contest_id: str, roster: Sequence[str]) -> None:
        self._post(f"/v2/games/{contest_id}/signups", {"picks": list(roster)}, player=user_id)

    def open_intent(self, *, user_id: str, contest_id: str, amount_cents: int, idempotency_key: str) -> tuple[str, str]:
        answer = self._post(
            f"/v2/games/{contest_id}/charges",
            {"cents": amount_cents},
            player=user_id,
            headers={"Idempotency-Key": idempotency_key},
        )
        client_secret = str(answer["client_secret"])
        return client_secret.partition("_secret_")[0], client_secret

    def _post(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        player: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        sent = {**(headers or {}), **({"X-Player-Id": player} if player is not None else {})}
        answer = self._http.post(path, json=body, headers=sent)
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document
