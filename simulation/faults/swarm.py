"""Faults drawn by seed from the whole catalogue: each seed switches whole kinds off, so that rare mixtures come up.

A run with everything that can go wrong looks much like the next; one without any late webhook and without any
timeout reaches other places (swarm testing). What is drawn is a scenario's ordinary list of faults, each with what a
platform that keeps the rules of ``fixtures/spec/platform.md`` makes of it; a shop gets over each by itself. Where the
target keeps them to the letter tournaments do not go as planned, either (``conditions.py``), and contests are in other
currencies.
"""

from __future__ import annotations

from collections.abc import Collection

from simulation.chance import chance
from simulation.faults.conditions import with_a_cancellation, with_conditions
from simulation.faults.drawn_currencies import with_currencies
from simulation.scenario.faults.drawing import Drawing
from simulation.scenario.faults.expectation import SELF_HEALS
from simulation.scenario.faults.needs import USUAL_RULES, Need
from simulation.scenario.faults.registry import broken_fault_rules, drawn_kinds
from simulation.scenario.model import Scenario


def swarm(scenario: Scenario, seed: int, *, met: Collection[Need]) -> Scenario:
    """The scenario with the seed's faults in place of its own; at most one fault of a kind.

    :param met: what the target has; a kind that needs anything else is not drawn.
    """
    source = chance(seed, "swarm")
    drawn = scenario.model_copy(update={"faults": ()})
    if USUAL_RULES in met:
        drawn = with_a_cancellation(drawn, seed)
    drawing, shop = Drawing(drawn, source), scenario.profile == "payments"
    for kind in drawn_kinds(met):
        if shop and not kind.of_orders:
            continue
        drawing.faults = drawn.faults
        fault = kind.draw(drawing) if source.random() < 0.5 else None
        if fault is not None:
            more = drawn.with_fault(fault.model_copy(update={"expect": SELF_HEALS}) if shop else fault)
            # A victim that is no longer sure to come (its account may be closed by then) is left alone, and so is what
            # together with those before it is more than a platform survives.
            if not any(broken_fault_rules(more, usual_platform=not shop)):
                drawn = more
    return with_currencies(with_conditions(drawn, seed), seed) if USUAL_RULES in met else drawn
