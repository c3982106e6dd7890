"""Compares the admin dashboards with what the witnesses know at the same time (criterion: they reflect real time).

Witnesses: the observer's SQL, the write-ahead log, the HTTP witness, the score provider, the monitor. Pages are sampled
right after a scrape, so that monitor and page describe the same moment: in turn at intervals, all of them when an alert
begins, the operational page again when it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

import httpx
from pydantic import JsonValue, TypeAdapter

from simulation.clock import Kernel
from simulation.documents.canonical import canonical_sha256
from simulation.events import Sample, SampleLacking
from simulation.events.observation import ANSWERS
from simulation.history import Recorder, caused_by
from simulation.untrusted import NotPlain, bounded, plain_object
from simulation.witness.dashboard_truth import (
    Claim,
    DashboardPage,
    DashboardWitnesses,
    audit_trail,
    contest_status,
    error_trends,
    iso,
    operational,
)
from simulation.witness.exchange import ExchangeContext
from simulation.witness.observer import NotObservable
from simulation.witness.runbook_page import shown_runbook

FOLDER = "/api/admin/dashboards"
_LONG_CHARACTERS = 300
_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)
_OTHER_FORM = (LookupError, TypeError, AttributeError, ValueError, ArithmeticError)
_OTHER = "not the documented page"
_PAGES: Mapping[str, Callable[[DashboardPage, DashboardWitnesses, datetime], Iterator[Claim]]] = {
    "operational": operational,
    "contest-status": contest_status,
    "audit-trail": audit_trail,
    "error-trends": error_trends,
}


class DashboardSampler:
    """Takes samples with a monitoring account's admin token. After a 404 no page is requested again."""

    def __init__(
        self,
        *,
        kernel: Kernel,
        recorder: Recorder,
        witnesses: DashboardWitnesses,
        http: httpx.Client,
        token: Callable[[], str],
        context: ExchangeContext,
        every_scrapes: int,
    ) -> None:
        self._kernel = kernel
        self._recorder = recorder
        self._by = witnesses
        self._http = http
        self._token = token
        self._context = context
        self._every_scrapes = every_scrapes
        self._scrapes = 0
        self._alerts: list[str] = []
        self._absent = False
        self._lacking: set[str] = set()

    def after_scrape(self) -> None:
        """To be called by the monitor after each of its scrapes."""
        alerts = [alert.alert_id for alert in self._by.firing()]
        turn, its_turn = divmod(self._scrapes, self._every_scrapes)
        if set(alerts) - set(self._alerts):
            self.take(*_PAGES)
        elif alerts != self._alerts:
            self.take("operational")
        elif its_turn == 0:
            self.take(tuple(_PAGES)[turn % len(_PAGES)])
        self._scrapes, self._alerts = self._scrapes + 1, alerts

    def take(self, *names: str) -> None:
        """A sample of each page named, now."""
        for name in names:
            page = None if self._absent else self._get(name)
            if page is None and self._by.locked_out():
                return  # no token can be verified now; the next page would answer the same
            if page is not None:
                for claim in self._claims(name, page):
                    self._record(name, claim)

    def _claims(self, name: str, page: DashboardPage) -> Iterator[Claim]:
        """The claims of a page; if it does not have the documented form, one claim says so."""
        now = self._kernel.now
        yield Claim(subject="as of", told=lambda: page["as_of"], observed=iso(now))
        try:
            yield from _PAGES[name](page, self._by, now)
        except NotObservable as gap:
            if name not in self._lacking:
                self._lacking.add(name)
                lacking = SampleLacking(endpoint=f"{FOLDER}/{name}", lacks=str(gap))
                self._recorder.record(lacking, cause="monitor")
        except _OTHER_FORM as error:
            said = f"{_OTHER}: {error!r}"
            yield Claim(subject="form", told=lambda: said, observed="the documented page")
        if name == "operational":
            yield from self._linked_runbooks(page)

    def _linked_runbooks(self, page: DashboardPage) -> Iterator[Claim]:
        """What is found by whoever follows the link beside each alert that fires."""
        for alert in self._by.firing():
            if alert.runbook is not None:
                yield Claim(
                    subject=f"runbook behind the link of {alert.alert}",
                    told=lambda name=alert.alert: self._behind_the_link(page, name),  # type: ignore[misc]
                    observed=self._by.runbooks[alert.runbook],
                )

    def _behind_the_link(self, page: DashboardPage, alert: str) -> JsonValue:
        links = [row["runbook_page"] for row in page["alerts"]["active"] if row["alert"] == alert]
        if not links:
            return "the page does not show the alert"
        (link, *_) = links
        with caused_by("monitor"), self._context.acting("monitor"):
            answer = self._http.get(link, headers=self._headers())
        return shown_runbook(answer.text) if answer.status_code == 200 else f"{link} answered {answer.status_code}"

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token()}"}

    def _record(self, page: str, claim: Claim) -> None:
        reported = self._told(claim)
        observed = claim.held_against(reported)
        if reported == observed and len(str(observed)) > _LONG_CHARACTERS:
            reported = observed = {"sha256": canonical_sha256(observed)}
        self._recorder.record(
            Sample(
                endpoint=f"{FOLDER}/{page}",
                subject=claim.subject,
                reported=bounded(reported),
                observed=observed,
                tolerance=claim.tolerance,
            ),
            cause="monitor",
        )

    @staticmethod
    def _told(claim: Claim) -> JsonValue:
        try:
            return _JSON.validate_python(claim.told())  # a claim may use a page's number as a key, which JSON forbids
        except _OTHER_FORM as error:
            return f"{_OTHER}: {error!r}"

    def _get(self, name: str) -> DashboardPage | None:
        """A page; None where the platform has no such pages, or does not answer properly now."""
        with caused_by("monitor"), self._context.acting("monitor"):
            answer = self._http.get(f"{FOLDER}/{name}", headers=self._headers())
        if answer.status_code == 404:
            self._absent = True
            return None
        answers, up = answer.status_code == 200, self._by.scraped("up") == 1
        if answer.status_code == 503 and self._by.locked_out():
            self._record(name, Claim(subject="lets nobody in", told=lambda: True, observed=True))
            return None
        if not (answers and up):
            self._record(name, Claim(subject=ANSWERS, told=lambda: answers, observed=up))
        try:
            return plain_object(answer.content) if answers else None
        except NotPlain as error:
            said = f"{_OTHER}: {error}"
            self._record(name, Claim(subject="form", told=lambda: said, observed="the documented page"))
            return None
