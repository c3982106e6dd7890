"""How people buy at the shop: the requests that its page makes for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx


class People:
    """See :class:`simulation.world.ports.Buyers`."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def sign_up(self, *, name: str, email: str) -> str:
        return str(self._post("/customers", {"name": name, "email": email})["customer"])

    def order(self, *, user_id: str, what: str, amount_cents: int, idempotency_key: str) -> str:
        body = {"what": what, "cents": amount_cents, "key": idempotency_key}
        return str(self._post("/orders", body, customer=user_id)["order"])

    def open_intent(self, *, user_id: str, order_id: str, amount_cents: int, idempotency_key: str) -> tuple[str, str]:
        del amount_cents  # the shop knows what an order costs
        answer = self._post(f"/orders/{order_id}/payments", {"key": idempotency_key}, customer=user_id)
        return str(answer["intent"]), str(answer["client_secret"])

    def ask_for_refund(self, *, user_id: str, order_id: str, reason: str) -> None:
        self._post(f"/orders/{order_id}/refund", {"why": reason}, customer=user_id)

    def _post(self, path: str, body: Mapping[str, Any], *, customer: str | None = None) -> dict[str, Any]:
        headers = {"X-Customer": customer} if customer is not None else {}
        answer = self._http.post(path, json=body, headers=headers)
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document
