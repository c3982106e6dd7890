"""Admin tokens: genuine, in time, and saying what they must."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt
import pytest

from simulation.staging.admin_token import InvalidToken, mint, verify

SECRET = "s" * 32
USER = UUID(int=7)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_minted_token_verifies_until_it_expires() -> None:
    token = mint(SECRET, USER, NOW, 60)
    claims = verify(SECRET, token, NOW + timedelta(seconds=59))
    assert (claims.user_id, claims.is_admin, claims.role) == (USER, True, "admin")
    with pytest.raises(InvalidToken):
        verify(SECRET, token, NOW + timedelta(seconds=60))


def test_a_token_from_the_future_is_refused() -> None:
    with pytest.raises(InvalidToken):
        verify(SECRET, mint(SECRET, USER, NOW, 60), NOW - timedelta(seconds=1))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x.y.z",
        mint("t" * 32, USER, NOW, 60),
        jwt.encode({"sub": str(USER), "iat": 0, "exp": 2**40}, None, algorithm="none"),
        jwt.encode({"sub": "nobody", "iat": 0, "exp": 2**40}, SECRET, algorithm="HS256"),
        jwt.encode({"sub": str(USER)}, SECRET, algorithm="HS256"),
    ],
)
def test_a_token_that_is_not_ours_is_refused(token: str) -> None:
    with pytest.raises(InvalidToken):
        verify(SECRET, token, NOW)


def test_a_token_without_the_claim_says_so() -> None:
    token = jwt.encode({"sub": str(USER), "iat": 0, "exp": 2**40, "is_admin": "true"}, SECRET, algorithm="HS256")
    assert not verify(SECRET, token, NOW).is_admin
