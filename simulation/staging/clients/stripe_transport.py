"""What our transport does besides the official client's: it waits as long as Stripe asks, and follows a rolled key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import stripe

_UNKNOWN_KEY, _TOO_MANY = 401, 429
_OF_A_RESOURCE = 3
"""Parts of a path that name the resource, counted with the empty one before the first slash: `/v1/transfers`."""

_Reply = tuple[bytes, int, Mapping[str, str]]


class ApiKey:
    """The key of Stripe's API, as the deployment has it or as the secret store keeps it in a file."""

    def __init__(self, deployed: str, file: str = "") -> None:
        """`file`: read instead of `deployed`; empty: there is none."""
        self._file = Path(file) if file else None
        self.current = deployed
        self.look_again()

    def look_again(self) -> bool:
        """Read the file; whether the key is another one now. A file that cannot be read leaves the key as it is."""
        before = self.current
        try:
            kept = "" if self._file is None else self._file.read_text().strip()
        except OSError:
            return False
        self.current = kept or before
        return self.current != before


class GatewayTransport(stripe.RequestsClient):
    """Stripe limits the rate by resource, so that one that must wait stops no other."""

    def __init__(self, key: ApiKey, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]  # options of the parent, passed on as they are
        self._key = key
        self._not_before: dict[str, datetime] = {}

    def must_wait(self, path: str) -> bool:
        """Whether Stripe has asked not to call this resource now."""
        return datetime.now(UTC) < self._not_before.get(_resource(path), datetime.min.replace(tzinfo=UTC))

    def request(  # type: ignore[override]  # as RequestsClient has it, which takes less than its own parent
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: object = None
    ) -> _Reply:
        """Send it, unless Stripe has asked to wait; once more under the key that has taken the place of a refused one.

        Raises `stripe.RateLimitError` without a call.
        """
        path = urlsplit(url).path
        if self.must_wait(path):
            raise stripe.RateLimitError(f"Stripe asked to wait with {path}; nothing was sent", http_status=_TOO_MANY)
        content, status, answered = self._send(method, url, headers, post_data)
        if status == _UNKNOWN_KEY and self._key.look_again():
            content, status, answered = self._send(method, url, headers, post_data)
        wait = _wait(answered.get("Retry-After", "")) if status == _TOO_MANY else None
        if wait is not None:
            self._not_before[_resource(path)] = datetime.now(UTC) + wait
        return content, status, answered

    def _send(self, method: str, url: str, headers: Mapping[str, str] | None, post_data: object) -> _Reply:
        authorized = {**(headers or {}), "Authorization": f"Bearer {self._key.current}"}
        return super().request(method, url, authorized, post_data)


def _resource(path: str) -> str:
    return "/".join(path.split("/")[:_OF_A_RESOURCE])


def _wait(said: str) -> timedelta | None:
    """`Retry-After` as seconds or as a date (RFC 9110); None where it says neither."""
    if said.isascii() and said.isdigit():
        return timedelta(seconds=int(said))
    try:
        return parsedate_to_datetime(said) - datetime.now(UTC)
    except (TypeError, ValueError):
        return None
