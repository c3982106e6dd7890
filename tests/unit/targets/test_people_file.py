"""``people.py`` of a target folder is looked at before anything starts."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from simulation.errors import UsageError
from simulation.targets.process.people_file import OwnChargedThere, OwnPeople, load_people
from simulation.witness.exchange import ExchangeContext


def test_a_folder_without_the_file_has_none(tmp_path: Path) -> None:
    assert load_people(tmp_path) is None


def test_an_action_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "people.py").write_text("class People:\n    def __init__(self, http): ...\n    def join(self): ...\n")
    with pytest.raises(UsageError, match=r"people\.py:1: .*sign_up.*open_intent"):
        load_people(tmp_path)


def test_who_charges_a_payment_method_need_not_open_an_intent(tmp_path: Path) -> None:
    acts = "sign_up", "order", "pay"
    body = "\n".join(f"    def {name}(self, **_): ..." for name in acts)
    (tmp_path / "people.py").write_text(f"class People:\n{body}\n")
    assert load_people(tmp_path, "payments") is not None
    with pytest.raises(UsageError, match=r"has no connect_account, create_contest, publish_contest, join\n"):
        load_people(tmp_path)


def test_a_payment_method_is_handed_over_with_the_name_of_the_business() -> None:
    handed: list[dict[str, object]] = []

    class Charging(Broken):
        def pay(self, **given: object) -> None:
            handed.append(given)

    own = OwnChargedThere(
        people=Charging(None),  # type: ignore[arg-type]
        context=ExchangeContext(),
        file=Path("people.py"),
        profile="payments",
    )
    own.pay(user_id="u", contest_id="o", amount_cents=5, payment_method="pm_1", idempotency_key="k")
    assert handed == [
        {"user_id": "u", "order_id": "o", "amount_cents": 5, "payment_method": "pm_1", "idempotency_key": "k"}
    ]


def test_an_error_in_it_has_its_line(tmp_path: Path) -> None:
    (tmp_path / "people.py").write_text("import httpx\n\nnonsense\n")
    with pytest.raises(UsageError, match=r"people\.py:3: cannot be imported"):
        load_people(tmp_path)


class Broken:
    """A folder's class that stumbles over what the backend answers."""

    def __init__(self, error: object) -> None:
        self._error = error

    def sign_up(self, *, name: str, email: str) -> object:
        if isinstance(self._error, Exception):
            raise self._error
        return self._error

    def open_intent(self, **_: object) -> object:
        return self._error


def _own(error: object) -> OwnPeople:
    return OwnPeople(people=Broken(error), context=ExchangeContext(), file=Path("people.py"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("user_id"), "KeyError"),
        (TypeError("list"), "TypeError"),
        (RecursionError(), "RecursionError"),
        (ValueError("\x1b[31m"), r"\\x1b"),
        (None, "no id: 'None'"),
        ("\ud800", "no id"),
        ("a b", "no id"),
        ("x" * 201, "no id"),
        ("a\nb", "no id"),
        (True, "no id"),
    ],
)
def test_an_answer_that_cannot_be_read_is_the_backends_refusal(error: object, said: str) -> None:
    with pytest.raises(httpx.DecodingError, match=f"^people.py:1: .*{said}"):
        _own(error).sign_up(name="Paula", email="paula@platform.test")


@pytest.mark.parametrize("answered", [None, 5, "pi_1", ("pi_1",), ("pi_1", None), ("pi_1", "a", "b")])
def test_an_intent_is_an_id_and_a_secret(answered: object) -> None:
    with pytest.raises(httpx.DecodingError):
        _own(answered).open_intent(user_id="u", contest_id="c", amount_cents=1, idempotency_key="k")


def test_a_mistake_of_the_file_itself_has_its_place() -> None:
    with pytest.raises(UsageError, match=r"people\.py:1: NotImplementedError"):
        _own(NotImplementedError()).sign_up(name="Paula", email="paula@platform.test")


def test_an_id_may_be_a_number() -> None:
    assert _own(7).sign_up(name="Paula", email="paula@platform.test") == "7"
