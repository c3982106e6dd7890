"""The in-toto statement of a run: every file by its sha256, and what the verdict says of each criterion.

https://github.com/in-toto/attestation: Statement v1, predicate test-result v0.1.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simulation.checks.verdict import Verdict
from simulation.history import History

_STATEMENT, _PREDICATE = "https://in-toto.io/Statement/v1", "https://in-toto.io/attestation/test-result/v0.1"
_RESULTS: Mapping[str, Literal["PASSED", "WARNED", "FAILED"]] = {
    "pass": "PASSED", "unknown": "WARNED", "not_verified": "WARNED", "fail": "FAILED",
}  # fmt: skip
"""The predicate has no word for what nobody could look at: a warning is what must not count as passed."""
_CONFIGURATION = ("scenario.yaml", "faults.json")


class BadStatement(ValueError):
    """A signed document that is no statement about a run; the message says why."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)


class Digest(_Model):
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class File(_Model):
    """What in-toto calls a resource: its name within the folder, and its hash."""

    name: str = Field(min_length=1)
    digest: Digest


class TestResult(_Model):
    """The predicate. ``scenario``, ``seed`` and ``historyDigest`` are ours, as its schema allows: what the run was, and
    its fingerprint."""

    __test__ = False  # for pytest: no class of tests

    result: Literal["PASSED", "WARNED", "FAILED"]
    configuration: tuple[File, ...]
    passed_tests: tuple[str, ...] = Field(alias="passedTests")
    warned_tests: tuple[str, ...] = Field(alias="warnedTests")
    failed_tests: tuple[str, ...] = Field(alias="failedTests")
    scenario: str
    seed: int
    history_digest: str = Field(alias="historyDigest")


class Statement(_Model):
    kind: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: Annotated[tuple[File, ...], Field(min_length=1)]
    predicate_type: Literal["https://in-toto.io/attestation/test-result/v0.1"] = Field(alias="predicateType")
    predicate: TestResult

    @property
    def files(self) -> dict[str, str]:
        """Name → sha256."""
        return {file.name: file.digest.sha256 for file in self.subject}

    def to_json(self) -> bytes:
        return json.dumps(self.model_dump(mode="json", by_alias=True), sort_keys=True).encode()

    @classmethod
    def from_json(cls, payload: bytes) -> Statement:
        """:raises BadStatement: it is none about a run."""
        try:
            return cls.model_validate_json(payload)
        except ValidationError as error:
            first = error.errors()[0]
            raise BadStatement(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def statement_of(history: History, verdict: Verdict, files: Mapping[str, str]) -> Statement:
    """What is true of a run with these files (name → sha256)."""
    started = history.started
    subject = tuple(File(name=name, digest=Digest(sha256=sha256)) for name, sha256 in sorted(files.items()))
    return Statement(
        kind=_STATEMENT,
        subject=subject,
        predicate_type=_PREDICATE,
        predicate=TestResult(
            result=_RESULTS[verdict.outcome],
            configuration=tuple(file for file in subject if file.name in _CONFIGURATION),
            passed_tests=_named(verdict, ("pass",)),
            warned_tests=_named(verdict, ("unknown", "not_verified")),
            failed_tests=_named(verdict, ("fail",)),
            scenario=started.scenario if started else "",
            seed=started.seed if started else 0,
            history_digest=history.digest(),
        ),
    )


def _named(verdict: Verdict, outcomes: Iterable[str]) -> tuple[str, ...]:
    """Criteria with one of the outcomes, in the specification's words."""
    return tuple(f"{each.section}: {each.text}" for each in verdict.criteria if each.outcome in outcomes)
