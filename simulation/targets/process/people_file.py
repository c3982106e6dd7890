"""``people.py`` of a target folder: how people act on this backend, where its HTTP interface is its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import httpx

from simulation.errors import SimulationError, UsageError
from simulation.events import Actor
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.organizing import ContestCalledOff
from simulation.scenario.faults.people import EntrantLeaves, RefundRequested
from simulation.scenario.faults.transfers import TransferWinnerDeleted
from simulation.scenario.orders import Profile
from simulation.targets.process.own_module import line_in, load_module
from simulation.untrusted import identifier, printable
from simulation.witness.exchange import ExchangeContext
from simulation.world.ports import Buyers, People

FILE_NAME = "people.py"
_OF_AN_ANSWER = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError, httpx.InvalidURL)
"""What Python raises when an answer is read that is not as expected."""
_LONGEST = 300
_T = TypeVar("_T")
ACTIONS: Mapping[Profile, Sequence[str]] = {
    "contests": ("sign_up", "connect_account", "create_contest", "publish_contest", "join", "open_intent"),
    "payments": ("sign_up", "order", "open_intent"),
}


def load_people(folder: Path, profile: Profile = "contests") -> Callable[[httpx.Client], People] | None:
    """The class ``People`` of the folder's file; None without one, where there are documented routes.

    :raises UsageError: it cannot be imported, has no such class, or the class lacks an action.
    """
    file = folder / FILE_NAME
    if not file.exists() and profile == "payments":
        raise UsageError(
            place=str(file),
            problem="there is no such file, and no routes are documented for a profile without contests",
            remedy="write a class People with sign_up, order and open_intent or pay (`target init --profile payments`)",
        )
    if not file.exists():
        return None
    people = getattr(load_module(file), "People", None)
    paying = "pay" if callable(getattr(people, "pay", None)) else "open_intent"
    wanted = [paying if name == "open_intent" else name for name in ACTIONS[profile]]
    lacking = [name for name in wanted if not callable(getattr(people, name, None))]
    if lacking:
        raise UsageError(
            place=f"{file}:1",
            problem=f"the class People has no {', '.join(lacking)}",
            remedy="see simulation/targets/protocol.py, People: what each takes and returns",
        )
    return cast("Callable[[httpx.Client], People]", people)


class OwnPeople:
    """Calls a folder's class ``People``, so that the history names who acts: an entrant or an organizer.

    What goes wrong while it reads an answer is the backend's failure to answer as expected: ``httpx.DecodingError``.

    :param file: the folder's people.py, for messages.
    """

    def __init__(self, *, people: People, context: ExchangeContext, file: Path, profile: Profile = "contests") -> None:
        self._people = people
        self._id = "order_id" if profile == "payments" else "contest_id"
        """What the folder's class calls that for which people pay."""
        self._context = context
        self._file = file

    def sign_up(self, *, name: str, email: str) -> str:
        return self._act(lambda: identifier(self._people.sign_up(name=name, email=email)))

    def connect_account(self, *, user_id: str) -> str:
        return self._act(lambda: identifier(self._people.connect_account(user_id=user_id)))

    def create_contest(self, *, organizer_id: str, contest: Mapping[str, Any]) -> str:
        def create() -> str:
            return identifier(self._people.create_contest(organizer_id=organizer_id, contest=contest))

        return self._act(create, actor="organizer")

    def publish_contest(self, *, organizer_id: str, contest_id: str) -> None:
        def publish() -> None:
            self._people.publish_contest(organizer_id=organizer_id, contest_id=contest_id)

        self._act(publish, actor="organizer")

    def join(self, *, user_id: str, contest_id: str, roster: Sequence[str]) -> None:
        self._act(lambda: self._people.join(user_id=user_id, contest_id=contest_id, roster=roster))

    def delete_user(self, *, user_id: str) -> None:
        """Only the fault ``transfer_winner_deleted`` needs it.

        :raises UsageError: the folder's class has no such method.
        """
        delete = self._needed("delete_user", fault=TransferWinnerDeleted)
        self._act(lambda: delete(user_id=user_id))

    def ask_for_refund(self, *, user_id: str, contest_id: str, reason: str) -> None:
        """Only the fault ``refund_requested`` needs it.

        :raises UsageError: the folder's class has no such method.
        """
        ask = self._needed("ask_for_refund", fault=RefundRequested)
        self._act(lambda: ask(user_id=user_id, reason=reason, **{self._id: contest_id}))

    def leave_contest(self, *, user_id: str, contest_id: str) -> None:
        """Only the fault ``entrant_leaves`` needs it.

        :raises UsageError: the folder's class has no such method.
        """
        leave = self._needed("leave_contest", fault=EntrantLeaves)
        self._act(lambda: leave(user_id=user_id, contest_id=contest_id))

    def cancel_contest(self, *, organizer_id: str, contest_id: str, reason: str) -> None:
        """Only the fault ``contest_called_off`` needs it.

        :raises UsageError: the folder's class has no such method.
        """
        cancel = self._needed("cancel_contest", fault=ContestCalledOff)

        def call_off() -> None:
            cancel(organizer_id=organizer_id, contest_id=contest_id, reason=reason)

        self._act(call_off, actor="organizer")

    def open_intent(self, *, user_id: str, contest_id: str, amount_cents: int, idempotency_key: str) -> tuple[str, str]:
        def begin_to_pay() -> tuple[str, str]:
            people: Any = self._people
            intent, client_secret = people.open_intent(
                user_id=user_id,
                amount_cents=amount_cents,
                idempotency_key=idempotency_key,
                **{self._id: contest_id},
            )
            return identifier(intent), identifier(client_secret)

        return self._act(begin_to_pay)

    def order(self, *, user_id: str, what: str, amount_cents: int, idempotency_key: str) -> str:
        """Only where the profile is ``payments``: see :class:`simulation.world.ports.Buyers`."""
        people = cast("Buyers", self._people)
        return self._act(
            lambda: identifier(
                people.order(user_id=user_id, what=what, amount_cents=amount_cents, idempotency_key=idempotency_key)
            )
        )

    def _needed(self, name: str, *, fault: type[Fault]) -> Callable[..., None]:
        method: Callable[..., None] | None = getattr(self._people, name, None)
        if method is None:
            raise UsageError(
                place=str(self._file),
                problem=f"the class People has no {name}, which the fault {fault.name()} needs",
                remedy="add it (see simulation/targets/protocol.py, People), or leave the fault out of the scenario",
            )
        return method

    def _act(self, act: Callable[[], _T], *, actor: Actor = "entrant") -> _T:
        with self._context.acting(actor):
            try:
                return act()
            except (httpx.HTTPError, SimulationError):
                raise
            except _OF_AN_ANSWER as error:
                said = f"{self._file.name}:{line_in(self._file, error)}: {error!r}"[:_LONGEST]
                raise httpx.DecodingError(printable(said)) from error
            except Exception as error:
                place = f"{self._file}:{line_in(self._file, error)}"
                raise UsageError(place=place, problem=f"{error!r}", remedy="correct it") from error


class OwnChargedThere(OwnPeople):
    """The same where the folder's class has ``pay``: see :class:`simulation.world.ports.ChargedThere`."""

    def pay(
        self, *, user_id: str, contest_id: str, amount_cents: int, payment_method: str, idempotency_key: str
    ) -> None:
        people: Any = self._people
        self._act(
            lambda: people.pay(
                user_id=user_id,
                amount_cents=amount_cents,
                payment_method=payment_method,
                idempotency_key=idempotency_key,
                **{self._id: contest_id},
            )
        )
