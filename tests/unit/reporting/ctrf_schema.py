"""The Common Test Report Format as far as a report without retries and attachments needs it (https://ctrf.io).

Field names and which of them must be there are the format's; nothing else is allowed in a document.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, model_validator

STATUSES = ("passed", "failed", "skipped", "pending", "other")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    extra: dict[str, Any] = {}


class Tool(_Part):
    name: str = Field(min_length=1)
    version: str | None = None


class Summary(_Part):
    tests: NonNegativeInt
    passed: NonNegativeInt
    failed: NonNegativeInt
    skipped: NonNegativeInt
    pending: NonNegativeInt
    other: NonNegativeInt
    suites: NonNegativeInt | None = None
    start: int
    stop: int
    duration: int | None = None


class Test(_Part):
    __test__ = False  # not a test of pytest's

    name: str = Field(min_length=1)
    status: Literal["passed", "failed", "skipped", "pending", "other"]
    duration: int
    suite: list[str] = Field(default=["-"], min_length=1)
    message: str | None = None
    trace: str | None = None
    rawStatus: str | None = None
    tags: list[str] = []


class Environment(_Part):
    reportName: str | None = None
    appVersion: str | None = None
    commit: str | None = None
    testEnvironment: str | None = None


class Results(_Part):
    tool: Tool
    summary: Summary
    tests: list[Test]
    environment: Environment | None = None


class Document(_Part):
    reportFormat: Literal["CTRF"]
    specVersion: str = Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")
    generatedBy: str | None = None
    results: Results

    @model_validator(mode="after")
    def _sums(self) -> Document:
        """The summary counts what is in the list."""
        summary, tests = self.results.summary, self.results.tests
        assert summary.tests == len(tests)
        for status in STATUSES:
            assert getattr(summary, status) == sum(test.status == status for test in tests), status
        return self
