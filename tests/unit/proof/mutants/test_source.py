"""What a slip in the platform's source can be, and what is none."""

from __future__ import annotations

import pytest

from simulation.paths import ROOT
from simulation.proof.mutants.source import Mutant, mutants_of, mutated, sources
from simulation.proof.mutants.tree import PACKAGE

PAYS = '''"""Money."""
from __future__ import annotations


class Desk:
    def pay(self, cents: int | None, fee: int = 30) -> int:
        """Pay."""
        log.info("paid", cents)
        self.book.post(cents, "prize")
        if cents > fee and self.open:
            return cents - fee
        return 0


@route("/pay")
def pay(desk):
    return desk.pay(100)
'''


def changes(text: str) -> set[tuple[str, str]]:
    return {(mutant.before, mutant.after) for mutant in mutants_of(text, file="desk.py")}


@pytest.mark.parametrize(
    "change",
    [
        ('self.book.post(cents, "prize")', "pass"),
        ('self.book.post(cents, "prize")', 'self.book.post(None, "prize")'),
        ("cents > fee and self.open", "cents > fee or self.open"),
        ("cents - fee", "cents + fee"),
        ("desk.pay(100)", "desk.pay(None)"),
        ("30", "31"),
        ('"paid"', '"PAID"'),
    ],
)
def test_a_slip_that_costs_money_is_among_them(change: tuple[str, str]) -> None:
    assert change in changes(PAYS)


def test_annotations_docstrings_and_imports_are_left_alone() -> None:
    touched = [before for before, _ in changes(PAYS)]
    assert not [text for text in touched if "Money" in text or "Pay." in text or "annotations" in text]
    assert ("int | None", "int & None") not in changes(PAYS)


def test_what_only_a_document_lists_or_memory_costs_is_the_same_to_everybody_outside() -> None:
    text = (
        '@routes.post("/pay", responses=answers(Paid, ADMIN))\n@lru_cache(maxsize=9)\n'
        "def pay(desk):\n    return desk.pay(7)\n"
    )
    found = {mutant.before: bool(mutant.same) for mutant in mutants_of(text, file="desk.py")}
    assert found["9"]
    assert found["answers(Paid, ADMIN)"]
    assert not found["7"]
    assert not found['"/pay"']


def test_codes_of_a_status_and_the_scheme_of_a_blueprint_stand_in_the_document_only() -> None:
    text = 'GONE = {404: ("gone",)}\nFEES = {7: "seven"}\nroutes = api.routes("money", "/pay", security="admin")\n'
    found = {mutant.before: bool(mutant.same) for mutant in mutants_of(text, file="desk.py")}
    assert found['"gone"']
    assert found['"admin"']
    assert not found['"seven"']
    assert not found['"/pay"']


def test_how_a_class_of_records_is_made_is_left_alone() -> None:
    text = "@dataclass(frozen=True)\nclass Sum:\n    cents: int = 5\n"
    assert {before for before, _ in changes(text)} == {"5", "cents: int = 5"}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('Q = "SELECT id FROM users"', False),
        ("""Q = "SELECT id FROM users WHERE role = 'founder'" """, True),
        ('Q = "prize"', True),
    ],
)
def test_the_case_of_letters_counts_where_postgresql_would_tell(text: str, kept: bool) -> None:
    lowered = {
        (before, after) for before, after in changes(text) if before != after and before.lower() == after.lower()
    }
    assert bool(lowered) is kept


def test_a_mutant_differs_from_its_source_in_that_one_place() -> None:
    mutant = next(m for m in mutants_of(PAYS, file="desk.py") if m.after == "cents + fee")
    assert (mutant.line, mutant.function) == (11, "Desk.pay")
    assert mutated(PAYS, mutant) == PAYS.replace("cents - fee", "cents + fee")


def test_what_a_mutant_is_stays_the_same_when_lines_are_added_above() -> None:
    before = {mutant.identity for mutant in mutants_of(PAYS, file="desk.py")}
    assert {mutant.identity for mutant in mutants_of("# one\n# two\n" + PAYS, file="desk.py")} == before


def test_every_file_of_the_platform_has_its_mutants_and_each_can_be_made() -> None:
    texts = dict(sources(ROOT / PACKAGE))
    file = "money/outbox.py"
    found: tuple[Mutant, ...] = mutants_of(texts[file], file=file)
    assert len(found) > 5
    assert all(mutated(texts[file], mutant) != texts[file] for mutant in found[:5])
    assert not [name for name in texts if "migrations" in name]
