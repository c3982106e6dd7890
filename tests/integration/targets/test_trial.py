"""What ``simulate target check`` says of a backend that asks what nobody knows, or does nothing when time passes."""

from __future__ import annotations

from pathlib import Path

from simulation.scenario.file import find_scenario, load_scenario
from simulation.targets.process.loader import read_target
from simulation.targets.process.trial import try_target
from tests.integration.targets.conftest import edit, wrong


def _wrong_pieces(folder: Path) -> dict[str, str | None]:
    """Piece → what is wrong with it, None for what is in order."""
    scenario = load_scenario(find_scenario("smoke_2d"))
    log = folder / "check.log"
    log.touch()
    findings = try_target(read_target(folder), scenario=scenario, environment="embedded", log=log)
    return {finding.piece: finding.wrong for finding in findings}


def test_what_the_services_refused_is_said_in_words_with_the_way_on(folder: Path) -> None:
    edit(folder, "target.toml", 'WRONG = "nothing"', 'STRIPE_SECRET_KEY = "${STRIPE_SECRET_KEY}"\nWRONG = "nothing"')
    edit(folder, "target.toml", 'seen_in_log = "tick at"', 'seen_in_log = "tock at"')
    wrong(folder, "asks")

    found = _wrong_pieces(folder)

    assert found["programs"] is None
    assert found["timers"] is None
    assert "your backend asked Stripe for GET /v1/products: not modelled" in str(found["stripe"])
    assert "[[stripe.stub]]" in str(found["stripe"])
    assert "the score provider has no such path: GET /odd/leaderboard" in str(found["provider"])
    assert "feed.py" in str(found["provider"])
    assert "does one of these mark a run?\n  tick at 1772" in str(found["job settlement"])
    asked, answered = str(found["people sign_up"]).splitlines()[-2:]
    assert asked.startswith('  asked: POST /api/users {"name": "Olga Organizer"'), asked
    assert answered.startswith("  answered: 501 "), answered


def test_a_backend_whose_timers_do_not_wake_is_told_so_and_not_for_its_log(folder: Path) -> None:
    wrong(folder, "idle")

    found = _wrong_pieces(folder)

    assert "no timer of it woke: in 3 steps of 300 s" in str(found["timers"])
    assert str(found["job settlement"]).endswith("seen_in_log showed no run in 3 steps; it printed nothing meanwhile")
    assert found["stripe"] is None
    assert found["provider"] is None
