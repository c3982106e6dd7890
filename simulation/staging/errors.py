"""Failures that a caller of the platform can be told about."""

from __future__ import annotations

from typing import Literal, get_args

SettlementCode = Literal[
    "SETTLEMENT_INCOMPLETE_SCORES", "SETTLEMENT_VALIDATION_FAILED", "SETTLEMENT_INCONSISTENT_STATE"
]
SETTLEMENT_CODES: tuple[SettlementCode, ...] = get_args(SettlementCode)


class ApiError(Exception):
    """A request that cannot be done; becomes `{"error": code, "message": …}` with the HTTP status."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message


class SettlementRefused(Exception):
    """The settlement must not be made, because the data do not allow it."""

    def __init__(self, code: SettlementCode, details: dict[str, object]) -> None:
        super().__init__(f"{code}: {details}")
        self.code = code
        self.details = details
