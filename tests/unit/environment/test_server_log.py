"""The server's own words decide whether the machine is at fault; what a client typed decides nothing."""

from __future__ import annotations

import json

from simulation.environment import causes
from simulation.environment.server_log import first_fault, stops_in


def line(message: str, *, severity: str = "LOG", **more: str) -> str:
    return json.dumps({"error_severity": severity, "message": message, **more}, separators=(",", ":"))


STARTED = line("database system is ready to accept connections")
FAST = line("received fast shutdown request")


def test_a_log_without_trouble_has_no_fault() -> None:
    assert first_fault([STARTED, line("checkpoint complete")]) is None


def test_the_first_trouble_is_the_fault() -> None:
    killed = line("client backend (PID 7) was terminated by signal 9: Killed")
    fault = first_fault([STARTED, killed, FAST])
    assert fault is not None
    assert "terminated by signal 9" in fault.problem
    assert fault.remedy == causes.KILLED.remedy


def test_a_full_disk_is_known_by_its_code() -> None:
    fault = first_fault([line("could not extend file", severity="ERROR", state_code="53100")])
    assert fault is not None
    assert fault.remedy == causes.NO_ROOM.remedy


def test_the_runs_own_restarts_are_no_fault() -> None:
    assert first_fault([FAST, STARTED, FAST, STARTED], own_stops=2) is None
    fault = first_fault([FAST, STARTED, FAST], own_stops=1)
    assert fault is not None
    assert fault.remedy == causes.STOPPED.remedy


def test_what_a_client_typed_or_was_refused_is_none() -> None:
    typed = line("statement: SELECT 'No space left on device', 'received fast shutdown request'")
    refused = line('column "out of memory" does not exist', severity="ERROR", state_code="42703")
    told = line("no space left on device", severity="ERROR", state_code="P0001")
    assert first_fault([typed, refused, told]) is None


def test_a_line_that_breaks_off_is_passed_over() -> None:
    assert first_fault(['{"message":"received fast shutdown request']) is None


def test_the_stops_of_a_server_that_prepared_the_data_can_be_counted() -> None:
    log = [STARTED, FAST, STARTED, line("execute: received fast shutdown request")]
    assert stops_in(log) == 1
    assert first_fault(log, own_stops=stops_in(log)) is None


def test_what_a_statement_raises_on_purpose_is_no_fault_of_the_machine() -> None:
    raised = line(
        "could not extend file: wrote only 4096 of 8192 bytes",
        severity="ERROR",
        state_code="53100",
        context="PL/pgSQL function inline_code_block line 1 at RAISE",
    )
    assert first_fault([STARTED, raised]) is None
