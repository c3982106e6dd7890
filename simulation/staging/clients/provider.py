"""The score provider over HTTP: conditional requests, a short timeout, back-off on failures that may be temporary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

import requests

NAME = "golf_leaderboard"
_KEPT_REQUESTS = 64
_CODE_BY_STATUS = {401: "PROVIDER_UNAUTHORIZED", 403: "PROVIDER_FORBIDDEN", 404: "PROVIDER_NOT_FOUND"}


@dataclass(frozen=True, kw_only=True)
class Unchanged:
    """The provider has nothing newer than our entity tag."""


@dataclass(frozen=True, kw_only=True)
class Payload:
    """A body to be validated, with the entity tag for the next request."""

    text: str
    etag: str | None


@dataclass(frozen=True, kw_only=True)
class ProviderFailure:
    """No body could be fetched; `error_code` is one of the enumerated PROVIDER_*, NETWORK_ERROR codes."""

    error_code: str
    detail: str
    transient: bool


class Provider:
    """Fetches leaderboards. Retries timeouts, resets and 5xx, never 4xx.

    Source: `fixtures/spec/platform.md`, Background work.
    """

    def __init__(
        self,
        *,
        base_url: str,
        timeout_seconds: float,
        retry_delays_seconds: tuple[float, ...],
        sleep: Callable[[float], None],
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._timeout_seconds = timeout_seconds
        self._retry_delays_seconds = retry_delays_seconds
        self._sleep = sleep
        self._session = requests.Session()
        self._session.trust_env = False  # the machine's proxy settings and .netrc must not apply
        self._prepared = _prepared_by(self._session)

    def fetch(self, provider_event_id: str, etag: str | None) -> Unchanged | Payload | ProviderFailure:
        """The leaderboard of a tournament; `etag` of the last good body makes the request conditional."""
        outcome = self._try(provider_event_id, etag)
        for delay_seconds in self._retry_delays_seconds:
            if not (isinstance(outcome, ProviderFailure) and outcome.transient):
                break
            self._sleep(delay_seconds)
            outcome = self._try(provider_event_id, etag)
        return outcome

    def is_reachable(self) -> bool:
        """Whether the provider's ``/status`` answers 200."""
        try:
            answer = self._session.get(f"{self._base_url}/status", timeout=self._timeout_seconds)
        except requests.RequestException:
            return False
        return answer.status_code == 200

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _try(self, provider_event_id: str, etag: str | None) -> Unchanged | Payload | ProviderFailure:
        url = f"{self._base_url}/golf/leaderboard/{quote(provider_event_id, safe='')}"
        try:
            request = self._prepared(url, etag)
            answer = self._session.send(request, timeout=self._timeout_seconds, allow_redirects=False)
        except requests.Timeout as error:
            return ProviderFailure(error_code="PROVIDER_TIMEOUT", detail=str(error), transient=True)
        except requests.RequestException as error:
            return ProviderFailure(error_code="NETWORK_ERROR", detail=str(error), transient=True)
        return _judged(answer)


def _prepared_by(session: requests.Session) -> Callable[[str, str | None], requests.PreparedRequest]:
    """Makes conditional requests. Those of the last polls are kept: preparing one takes as long as all the rest, and
    most polls ask again what the last one asked."""

    @lru_cache(maxsize=_KEPT_REQUESTS)
    def prepared(url: str, etag: str | None) -> requests.PreparedRequest:
        headers = {"Accept": "application/json"} | ({"If-None-Match": etag} if etag else {})
        return session.prepare_request(requests.Request("GET", url, headers=headers))

    return prepared


def _judged(answer: requests.Response) -> Unchanged | Payload | ProviderFailure:
    status = answer.status_code
    if status == 304:
        return Unchanged()
    if status == 200:
        answer.encoding = "utf-8"
        return Payload(text=answer.text, etag=answer.headers.get("ETag"))
    detail = f"HTTP {status}"
    if 400 <= status < 500:
        code = _CODE_BY_STATUS.get(status, "PROVIDER_INVALID_REQUEST")
        return ProviderFailure(error_code=code, detail=detail, transient=False)
    return ProviderFailure(error_code="PROVIDER_ERROR", detail=detail, transient=status >= 500)
