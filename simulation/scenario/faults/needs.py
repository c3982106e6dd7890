"""What a kind of fault asks of a target, and the refusal of a scenario whose target does not have it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from simulation.errors import UsageError
from simulation.scenario.faults.fault import Fault


@dataclass(frozen=True, kw_only=True)
class Need:
    """In words for people."""

    name: str
    """What is needed."""
    lacking: str
    """Goes on after ``fault x is a backend_killed, ``."""
    remedy: str


PROGRAMS_TO_KILL = Need(
    name="programs that can be killed: a backend in processes of its own",
    lacking="which kills the platform's programs; the platform that comes along lives in the simulation's own",
    remedy="run it against a backend in processes of its own: --target fixtures/targets/staging",
)
TIMERS_TO_STOP = Need(
    name="timers that the simulation drives: the platform that comes along",
    lacking="which only the platform that comes along can suffer: the timers of a backend in processes of its own are "
    "its own",
    remedy="run it without --target, or take the fault out of a copy of the scenario",
)
SCORE_TABLES = Need(
    name="to say which tables hold the scores (contest_score_tables of target.toml)",
    lacking="and the target does not say which tables hold the scores",
    remedy="write contest_score_tables and restore_request into [governance] of its target.toml, or leave it out",
)
STATEMENTS_TO_STRIKE = Need(
    name="statements that pass the simulation: the platform that comes along, or a backend in processes of its own "
    "(its requests, and jobs with seen_in_sql in target.toml)",
    lacking="which strikes a statement of the platform; those of this one do not pass the simulation",
    remedy="run it without --target, or take the fault out of a copy of the scenario",
)
KEY_TO_ROLL = Need(
    name="a file from which it reads the key of Stripe's API (${STRIPE_KEY_FILE} in target.toml)",
    lacking="and the target gets the key of Stripe's API in another way than by a file",
    remedy="give a program ${STRIPE_KEY_FILE}, or leave it out",
)
STANDBY_ENDPOINT = Need(
    name="a second endpoint at Stripe, whose secret it has (${STRIPE_STANDBY_WEBHOOK_SECRET} in target.toml)",
    lacking="and the target has one webhook endpoint only",
    remedy="give a program ${STRIPE_STANDBY_WEBHOOK_SECRET}, or leave it out",
)
USUAL_RULES = Need(
    name="the rules of fixtures/spec/platform.md, to the letter: the platform that comes along, however it is run",
    lacking="and the target has rules of its own",
    remedy="run it without --target, or against fixtures/targets/staging",
)
MET_INSIDE = frozenset({TIMERS_TO_STOP, SCORE_TABLES, STATEMENTS_TO_STRIKE, KEY_TO_ROLL, STANDBY_ENDPOINT, USUAL_RULES})
"""What the platform that comes along has: it lives in the simulation's own process."""


def met_by_processes(
    score_tables: Collection[str], *, key_file: bool = False, standby: bool = False, usual_rules: bool = False
) -> frozenset[Need]:
    """What a backend in processes of its own has whatever it is: the kinds that are drawn for it.

    A scenario may name faults at a statement, too; whether they can be had depends on the job or request of each.

    :param score_tables: names of the tables that hold a contest's scores, as far as the target says so.
    :param key_file: it reads the key of Stripe's API from a file.
    :param standby: it knows the secret of a second endpoint at Stripe.
    :param usual_rules: it is the platform that comes along.
    """
    met = {
        PROGRAMS_TO_KILL: True,
        SCORE_TABLES: bool(score_tables),
        KEY_TO_ROLL: key_file,
        STANDBY_ENDPOINT: standby,
        USUAL_RULES: usual_rules,
    }
    return frozenset(need for need, has in met.items() if has)


def refuse_unmet_needs(faults: Sequence[Fault], *, met: Collection[Need], place: str) -> None:
    """:param met: what the target has. :param place: of the scenario, for the error.

    :raises UsageError: a fault needs something else of its target.
    """
    unmet = [
        UsageError(place=place, problem=f"fault {fault.id} is a {fault.kind}, {need.lacking}", remedy=need.remedy)
        for fault in faults
        for need in fault.needs
        if need not in met
    ]
    if unmet:
        raise UsageError.of(unmet)
