"""An admin whose rights cannot be taken is the end of a run before its first day: with the cause, not a traceback."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from simulation.errors import EnvironmentFault
from simulation.targets.platform_people import revoke_platform_admin


def _closed(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("closed", request=request)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda _: httpx.Response(503, text="\x1b[31mdown"), "answered 503: \\x1b[31mdown"),
        (lambda _: httpx.Response(302, headers={"location": "/login"}), "answered 302"),
        (_closed, "was not answered: ReadError('closed')"),
    ],
)
def test_a_refused_revocation_says_what_was_answered(
    answer: Callable[[httpx.Request], httpx.Response], said: str
) -> None:
    http = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://platform.test")
    with pytest.raises(EnvironmentFault) as caught:
        revoke_platform_admin(http=http, authorization={}, user_id="u1")
    assert said in str(caught.value)
    assert caught.value.remedy


def test_an_id_that_no_address_can_hold_is_said() -> None:
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200)), base_url="http://platform.test")
    with pytest.raises(EnvironmentFault, match="was not answered"):
        revoke_platform_admin(http=http, authorization={}, user_id="u1\n")


def test_an_answered_revocation_is_all_there_is() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url.path}")
        return httpx.Response(200)

    http = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://platform.test")
    revoke_platform_admin(http=http, authorization={}, user_id="u1", request="DELETE /admins/{user_id}")
    assert asked == ["DELETE /admins/u1"]
