"""The operator's entries in the platform's runbook audit trail, by its HTTP endpoints.

Source: fixtures/spec/requirements.md, 06A: Execution endpoints.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeGuard
from urllib.parse import urlencode

import httpx
from pydantic import JsonValue

from simulation.untrusted import NotPlain, plain_json
from simulation.world.operator.runbook import Runbook, Section

_PREFIX = "/api/admin/runbooks"
_STATE = {"health": "/api/admin/diagnostics/health", "payouts": "/api/admin/diagnostics/payouts"}
_BUNDLE = "/api/admin/diagnostics/escalation-bundle"
_MOST_SHOWN = 500


class NotRecorded(Exception):
    """The platform did not record an entry. Without its record no step may go on (`fixtures/spec/requirements.md`,
    A-18)."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the audit trail did not take an entry: {reason}")
        self.reason = reason


class NotAnswered(NotRecorded):
    """Nobody answered (502, 503, 504): the platform is being restarted, or is gone. The same entry may be made again,
    and is under the same request id then, so that it is recorded once."""


class NobodyLetIn(NotRecorded):
    """The platform can verify no token at present (503 ``authentication_unavailable``)."""


class AuditTrail:
    """Entries of one execution.

    :param client: reaches the platform; its base URL is the platform's.
    :param label: prefix of the request ids, so that rows in the platform's database can be traced to this execution.
    :param token: mints one for each request: an execution may take longer than a token lives.
    :param break_glass: mints the break-glass token, for the runbook that needs it; None for any other runbook.
    """

    def __init__(
        self,
        *,
        client: httpx.Client,
        token: Callable[[], str],
        label: str,
        break_glass: Callable[[], str] | None = None,
    ) -> None:
        self._client = client
        self._token = token
        self._break_glass = break_glass
        self._shut = False
        self._label = label
        self._numbers = 0

    def start(self, runbook: Runbook, *, executed_by: str, state: JsonValue) -> str:
        """Open the execution; returns its id. Raises :class:`NotRecorded`, as all methods here."""
        answer = self._post(
            "start",
            {
                "runbook_name": runbook.name,
                "runbook_version": runbook.version,
                "executed_by": executed_by,
                "system_state_before": state,
            },
        )
        if "execution_id" not in answer:
            raise NotRecorded(f"start was answered with {str(answer)[:_MOST_SHOWN]}")
        return str(answer["execution_id"])

    def step(
        self,
        execution_id: str,
        *,
        section: Section,
        number: int,
        outcome: Literal["started", "passed", "failed"],
        detail: JsonValue = None,
    ) -> None:
        """Record that a step begins, or how it ended."""
        entry: dict[str, JsonValue] = {
            "execution_id": execution_id,
            "phase": section.value,
            "step": number,
            "outcome": outcome,
        }
        self._post("step", entry if detail is None else {**entry, "detail": detail})

    def complete(
        self, execution_id: str, *, status: str, result: JsonValue, error: str | None, state: JsonValue
    ) -> None:
        """Close the execution for good."""
        entry: dict[str, JsonValue] = {
            "execution_id": execution_id,
            "status": status,
            "result_json": result,
            "system_state_after": state,
        }
        self._post("complete", entry if error is None else {**entry, "error_reason": error})

    def left_open(self) -> list[dict[str, JsonValue]]:
        """Executions in progress, each with its recorded steps."""
        answer = self._request("GET", f"{_PREFIX}/executions?status=in_progress")
        rows = answer.get("executions") if isinstance(answer, dict) else None
        return [self._with_steps(str(row["id"])) for row in (rows if isinstance(rows, list) else []) if _is_row(row)]

    def _with_steps(self, execution_id: str) -> dict[str, JsonValue]:
        found = self._request("GET", f"{_BUNDLE}?{urlencode({'execution_id': execution_id})}")
        execution = found.get("execution") if isinstance(found, dict) else None
        if not isinstance(execution, dict):
            raise NotRecorded(f"no record of execution {execution_id}")
        return execution

    def state(self) -> JsonValue:
        """What the platform says about itself: the execution's state before and after."""
        return {name: self._request("GET", path) for name, path in _STATE.items()}

    def bundle(self, *, alert: str, execution_id: str | None) -> JsonValue:
        """The bundle that an escalation is sent with. Never raises: an unavailable part says so in its place."""
        query = {"alert": alert} if execution_id is None else {"alert": alert, "execution_id": execution_id}
        try:
            return self._request("GET", f"{_BUNDLE}?{urlencode(query)}")
        except NotRecorded as error:
            return {"alert": alert, "unavailable": error.reason}

    def _post(self, action: str, body: dict[str, JsonValue]) -> dict[str, JsonValue]:
        answer = self._request("POST", f"{_PREFIX}/{action}", body)
        if not isinstance(answer, dict):
            raise NotRecorded(f"{action} was answered with {str(answer)[:_MOST_SHOWN]}")
        return answer

    def _request(self, method: str, path: str, body: dict[str, JsonValue] | None = None) -> JsonValue:
        """Send with the operator's own token, or with the break-glass token while the platform can verify no other."""
        answer = self._asked(method, path, body)
        if self._break_glass is not None and _says(answer, _SHUT if not self._shut else _NOT_NEEDED):
            self._shut = not self._shut
            answer = self._asked(method, path, body)
        if _says(answer, _SHUT):
            raise NobodyLetIn(f"{method} {path}: HTTP {answer.status_code} {answer.text[:_MOST_SHOWN]}")
        if answer.status_code in _NOBODY_THERE:
            self._numbers -= 1
            raise NotAnswered(f"{method} {path}: HTTP {answer.status_code} {answer.text[:_MOST_SHOWN]}")
        if answer.status_code != httpx.codes.OK:
            raise NotRecorded(f"{method} {path}: HTTP {answer.status_code} {answer.text[:_MOST_SHOWN]}")
        try:
            return plain_json(answer.content)
        except NotPlain as error:
            raise NotRecorded(f"{method} {path}: {error}") from error

    def _asked(self, method: str, path: str, body: dict[str, JsonValue] | None) -> httpx.Response:
        self._numbers += 1
        mint = self._break_glass if self._shut and self._break_glass is not None else self._token
        headers = {"Authorization": f"Bearer {mint()}", "X-Request-Id": f"{self._label}-record-{self._numbers}"}
        try:
            return self._client.request(method, path, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise NotRecorded(f"{method} {path}: {error}") from error


_NOBODY_THERE = (502, 503, 504)
_SHUT, _NOT_NEEDED = (503, "authentication_unavailable"), (403, "break_glass_not_needed")


def _says(answer: httpx.Response, meant: tuple[int, str]) -> bool:
    if answer.status_code != meant[0]:
        return False
    try:
        document = plain_json(answer.content)
    except NotPlain:
        return False
    return isinstance(document, dict) and document.get("error") == meant[1]


def _is_row(row: JsonValue) -> TypeGuard[dict[str, JsonValue]]:
    return isinstance(row, dict) and "id" in row
