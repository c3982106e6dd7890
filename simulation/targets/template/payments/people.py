"""How people buy on your backend: the requests that your shop's page would make for them. CHANGE each to yours.

Each method sends a few requests and raises ``httpx.HTTPStatusError`` when it is refused (``raise_for_status``). Pages
with forms: ``http`` is one client for all people, so keep each one's cookies yourself, send them as a header, and call
``http.cookies.clear()``; a page that says "declined" with status 200 is a refusal that you raise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx


class People:
    """The methods of simulation.world.ports.Buyers; ``http`` reaches your backend."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def sign_up(self, *, name: str, email: str) -> str:
        """Returns the new user's id. A shop for guests may return the address."""
        return str(self._post("/api/users", {"name": name, "email": email})["user_id"])

    def order(self, *, user_id: str, what: str, amount_cents: int, idempotency_key: str) -> str:
        """Orders something; returns the order's id, the same for the same key."""
        body = {"what": what, "amount_cents": amount_cents}
        return str(self._post("/api/orders", body, user_id=user_id, key=idempotency_key)["order_id"])

    def open_intent(self, *, user_id: str, order_id: str, amount_cents: int, idempotency_key: str) -> tuple[str, str]:
        """Begins to pay: (Stripe's ``pi_…`` id, its client secret)."""
        body = {"amount_cents": amount_cents}
        answer = self._post(f"/api/orders/{order_id}/payment-intents", body, user_id=user_id, key=idempotency_key)
        client_secret = str(answer["client_secret"])
        return client_secret.partition("_secret_")[0], client_secret

    # In place of open_intent, where your backend makes and confirms the intent by itself: ``payment_method`` is the id
    # of one (``pm_…``), as Stripe's script makes it in a page. A card that is declined is a refusal.
    # def pay(self, *, user_id: str, order_id: str, amount_cents: int, payment_method: str, idempotency_key: str): ...

    def ask_for_refund(self, *, user_id: str, order_id: str, reason: str) -> None:
        """Asks for the money back, which is due. Only scenarios with the fault ``refund_requested`` need it."""
        self._post(f"/api/orders/{order_id}/refund-requests", {"reason": reason}, user_id=user_id)

    def _post(
        self, path: str, body: Mapping[str, Any], *, user_id: str | None = None, key: str | None = None
    ) -> dict[str, Any]:
        headers = {"X-User-Id": user_id} if user_id is not None else {}
        answer = self._http.post(path, json=body, headers=headers | ({"Idempotency-Key": key} if key else {}))
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document
