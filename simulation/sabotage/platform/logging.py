"""Defects of the platform's log: a line that is missing or doubled, or says another thing than what was done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.staging import jobs
from simulation.staging.logs import Log

DEFECTS = DefectRegistry("statements", scenario="quiet")

_Write = Callable[[Any, str, str, str, Mapping[str, object]], None]


def _each_line(
    patches: Patches, message: str, instead: Callable[[_Write, Any, str, str, dict[str, object]], None]
) -> None:
    """Have ``instead`` write every line that says ``message``, given what it would have been."""

    def make(real: _Write) -> _Write:
        def write(log: Any, severity: str, domain: str, said: str, fields: Mapping[str, object]) -> None:
            if said != message:
                real(log, severity, domain, said, fields)
                return
            patches.trigger()
            instead(real, log, severity, domain, dict(fields))

        return write

    patches.replace(Log, "_line", make)


@DEFECTS.sabotage("log_true", origin="a log call that a refactoring moved behind a return")
def joining_is_not_logged(patches: Patches) -> None:
    """People join contests, and no line says so."""
    _each_line(patches, "contest joined", lambda *_: None)


@DEFECTS.sabotage("log_true", origin="two handlers on one logger")
def webhooks_logged_twice(patches: Patches) -> None:
    """Each webhook that is processed stands in the log as if there had been two."""

    def instead(real: _Write, log: Any, severity: str, domain: str, fields: dict[str, object]) -> None:
        real(log, severity, domain, "webhook processed", fields)
        real(log, severity, domain, "webhook processed", fields)

    _each_line(patches, "webhook processed", instead)


@DEFECTS.sabotage("log_true", origin="the amount formatted from a float")
def logged_payout_is_a_cent_short(patches: Patches) -> None:
    """A transfer is paid in full, and the log tells a cent less."""

    def instead(real: _Write, log: Any, severity: str, domain: str, fields: dict[str, object]) -> None:
        cents = int(str(fields["amount_cents"])) - 1
        real(log, severity, domain, "payout_transfer completed", {**fields, "amount_cents": cents})

    _each_line(patches, "payout_transfer completed", instead)


@DEFECTS.sabotage("log_true", scenario="payday", origin="a level lowered because it woke somebody")
def final_failure_logged_as_routine(patches: Patches) -> None:
    """A transfer has failed for good, and its line has the severity of everyday work."""

    def instead(real: _Write, log: Any, _severity: str, domain: str, fields: dict[str, object]) -> None:
        real(log, "INFO", domain, "payout_transfer failed_terminal", fields)

    _each_line(patches, "payout_transfer failed_terminal", instead)


@DEFECTS.sabotage("log_true", scenario="payday", origin="a context that is shared by requests")
def log_names_the_wrong_contest(patches: Patches) -> None:
    """A payment intent is logged under the contest of the one before it."""
    before: list[object] = []

    def instead(real: _Write, log: Any, severity: str, domain: str, fields: dict[str, object]) -> None:
        own = fields["contest_id"]
        real(log, severity, domain, "intent created", {**fields, "contest_id": before[-1] if before else own})
        before.append(own)

    _each_line(patches, "intent created", instead)


@DEFECTS.sabotage("log_true", origin="one request id for a whole worker")
def log_has_no_request_id(patches: Patches) -> None:
    """The line of a settlement does not say in which run it was made."""

    def instead(real: _Write, log: Any, severity: str, domain: str, fields: dict[str, object]) -> None:
        real(log, severity, domain, "contest settled", {**fields, "request_id": None})

    _each_line(patches, "contest settled", instead)


@DEFECTS.sabotage("log_true", scenario="secret_rolled", origin="an alert is enough, nobody reads the log")
def refused_webhooks_are_not_logged(patches: Patches) -> None:
    """Stripe's deliveries do not fit the secret and are refused, and no line says so."""
    _each_line(patches, "webhook refused", lambda *_: None)


@DEFECTS.sabotage("log_true", origin="the user id of the last request that was let in")
def refused_person_is_logged_as_nobody(patches: Patches) -> None:
    """Somebody without admin rights is turned away, and the line does not say who it was."""

    def instead(real: _Write, log: Any, severity: str, domain: str, fields: dict[str, object]) -> None:
        real(log, severity, domain, "not an admin", {**fields, "user_id": None})

    _each_line(patches, "not an admin", instead)


@DEFECTS.sabotage("log_true", scenario="scores", origin="the feed of the loop before")
def refused_payload_logged_under_another_feed(patches: Patches) -> None:
    """A leaderboard that was refused stands in the log as that of a tournament that was not asked for."""

    def instead(real: _Write, log: Any, severity: str, domain: str, fields: dict[str, object]) -> None:
        real(log, severity, domain, "payload refused", {**fields, "provider_event_id": "0"})

    _each_line(patches, "payload refused", instead)


def _a_job_breaks_off(patches: Patches) -> None:
    """The first run of a job that has work ends with an error; the next does what it left."""
    broken: list[str] = []

    def make(real: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def repeated(runtime: Any, work: Any) -> Any:
            if not broken:
                broken.append(work.name)
                raise KeyError(work.name)
            return real(runtime, work)

        return repeated

    patches.replace(jobs, "_repeated", make)


@DEFECTS.sabotage("log_true", origin="an exception handler that only counts")
def job_that_broke_off_is_not_logged(patches: Patches) -> None:
    """A run of a job ends with an error, and no line says so."""
    _a_job_breaks_off(patches)
    _each_line(patches, "job broke off", lambda *_: None)


@DEFECTS.sabotage("log_true", origin="the name of the loop's last job")
def job_that_broke_off_is_logged_as_another(patches: Patches) -> None:
    """A run of a job ends with an error, and its line names another job."""

    def instead(real: _Write, log: Any, severity: str, domain: str, fields: dict[str, object]) -> None:
        real(log, severity, domain, "job broke off", {**fields, "job": "financial_reconciliation"})

    _a_job_breaks_off(patches)
    _each_line(patches, "job broke off", instead)
