"""Compares what the platform's diagnostics pages report with what is in the database at the same time.

The specification's criterion: admin dashboards reflect real-time state accurately. Nothing else runs between the two
readings, so any difference is the platform's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx
from pydantic import JsonValue

from simulation.clock import Kernel, SimProcess
from simulation.events import Row, Sample, SampleLacking
from simulation.history import Recorder, caused_by
from simulation.untrusted import NotPlain, bounded, plain_object
from simulation.witness.exchange import NO_ANSWER, ExchangeContext
from simulation.witness.observer import NotObservable, Observer

_MOST_SHOWN = 200
_DOWN = "nobody answered"
"""Recorded when the platform is down and reports nothing; the monitor records that it was down."""


class Sampler:
    """Takes samples at an interval, as a monitoring account with an admin token."""

    def __init__(
        self,
        *,
        kernel: Kernel,
        recorder: Recorder,
        observer: Observer,
        http: httpx.Client,
        token: Callable[[], str],
        context: ExchangeContext,
        interval_seconds: int,
        diagnostics: bool = True,
        locked_out: Callable[[], bool] = lambda: False,
    ) -> None:
        self._kernel = kernel
        self._recorder = recorder
        self._observer = observer
        self._http = http
        self._token = token
        self._context = context
        self._interval_seconds = interval_seconds
        self._diagnostics = diagnostics
        self._locked_out = locked_out
        self._lacking: set[str] = set()

    def start(self) -> None:
        self._kernel.spawn(self._sample_forever())

    def _sample_forever(self) -> SimProcess:
        while True:
            yield self._kernel.sleep(self._interval_seconds)
            self.take()

    def take(self) -> None:
        """Take one sample of every subject now; none if the platform has no diagnostics.

        While a fault keeps the platform from verifying tokens, only one request is made, to show that it is refused.
        """
        if not self._diagnostics or (self._locked_out() and self._is_shut("/api/admin/contests")):
            return
        self._record(
            "/api/admin/diagnostics/payouts?stuck_minutes=30",
            "transfers by status",
            lambda page: _counts(page["counts_by_status"]),
            lambda: _by_status(self._observer.rows("transfers")),
        )
        self._record(
            "/api/admin/diagnostics/payments",
            "refunds by status",
            lambda page: _counts(page["refunds"]),
            lambda: _by_status(self._observer.rows("refunds")),
        )
        self._record(
            "/api/admin/contests",
            "stage of each contest",
            lambda page: {str(row["id"]): row["stage"] for row in page["contests"]},
            lambda: {str(row["contest_id"]): _stage(row) for row in self._observer.rows("contests")},
        )
        self._record(
            "/api/admin/runbooks/executions",
            "status of each runbook execution",
            lambda page: {str(row["id"]): row["status"] for row in page["executions"]},
            lambda: {str(row["id"]): row["status"] for row in self._observer.rows("runbook_executions")},
        )

    def _record(
        self,
        endpoint: str,
        subject: str,
        reported: Callable[[dict[str, Any]], JsonValue],
        observed: Callable[[], JsonValue],
    ) -> None:
        page = self._get(endpoint)
        if page.get("error") == _DOWN:
            return
        place = endpoint.partition("?")[0]
        try:
            seen = observed()
        except NotObservable as gap:
            if place not in self._lacking:
                self._lacking.add(place)
                self._recorder.record(SampleLacking(endpoint=place, lacks=str(gap)), cause="monitor")
            return
        try:
            said = reported(page)
        except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError):
            said = f"not the documented answer: {str(page)[:_MOST_SHOWN]}"
        sample = Sample(endpoint=place, subject=subject, reported=bounded(said), observed=seen)
        self._recorder.record(sample, cause="monitor")

    def _is_shut(self, endpoint: str) -> bool:
        shut = self._get(endpoint).get("error") == "authentication_unavailable"
        if shut:
            self._recorder.record(
                Sample(endpoint=endpoint, subject="lets nobody in", reported=True, observed=True), cause="monitor"
            )
        return shut

    def _get(self, path: str) -> dict[str, Any]:
        with caused_by("monitor"), self._context.acting("monitor"):
            answer = self._http.get(path, headers={"Authorization": f"Bearer {self._token()}"})
        if answer.status_code in NO_ANSWER:
            return {"error": _DOWN}
        try:
            return plain_object(answer.content)
        except NotPlain as error:
            return {"error": str(error)[:_MOST_SHOWN]}


def _counts(counts: Mapping[str, Any]) -> dict[str, JsonValue]:
    """Counts without zeros, because a platform may report a status without rows as zero or leave it out."""
    return {status: int(count) for status, count in sorted(counts.items()) if count}


def _by_status(rows: Sequence[Row]) -> dict[str, JsonValue]:
    return _counts(Counter(str(row["status"]) for row in rows))


def _stage(row: Mapping[str, JsonValue]) -> JsonValue:
    if row["paid_out_at"] is not None:
        return "PAID_OUT"
    return "SETTLED" if row["settled_at"] is not None else row["status"]
