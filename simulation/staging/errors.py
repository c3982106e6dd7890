"""Failures that a caller of the platform can be told about."""

from __future__ import annotations


class ApiError(Exception):
    """A request that cannot be done; becomes `{"error": code, "message": …}` with the HTTP status."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message


class SettlementRefused(Exception):
    """A settlement that must not be made on the data there is; `code` is one of the enumerated SETTLEMENT_* codes."""

    def __init__(self, code: str, details: dict[str, object]) -> None:
        super().__init__(f"{code}: {details}")
        self.code = code
        self.details = details
