"""``people.py`` of a target folder: how people act on this backend, where its HTTP interface is its own."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import httpx

from simulation.errors import UsageError
from simulation.witness.exchange import ExchangeContext
from simulation.world.ports import People

FILE_NAME = "people.py"
ACTIONS = ("sign_up", "connect_account", "create_contest", "publish_contest", "join", "open_intent")


def load_people(folder: Path) -> Callable[[httpx.Client], People] | None:
    """The class ``People`` of the folder's file; None without one.

    :raises UsageError: it cannot be imported, has no such class, or the class lacks an action.
    """
    file = folder / FILE_NAME
    if not file.exists():
        return None
    spec = importlib.util.spec_from_file_location("target_people", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        line = getattr(error, "lineno", None) or _line_in(file, error)
        raise UsageError(
            place=f"{file}:{line}", problem=f"cannot be imported: {error!r}", remedy="correct it"
        ) from error
    people = getattr(module, "People", None)
    lacking = [name for name in ACTIONS if not callable(getattr(people, name, None))]
    if lacking:
        raise UsageError(
            place=f"{file}:1",
            problem=f"the class People has no {', '.join(lacking)}",
            remedy="see simulation/targets/protocol.py, People: what each takes and returns",
        )
    return cast("Callable[[httpx.Client], People]", people)


def _line_in(file: Path, error: BaseException) -> int:
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


class OwnPeople:
    """Calls a folder's class ``People``, so that the history names who acts: an entrant or an organizer."""

    def __init__(self, *, people: People, context: ExchangeContext) -> None:
        self._people = people
        self._context = context

    def sign_up(self, *, name: str, email: str) -> str:
        with self._context.acting("entrant"):
            return self._people.sign_up(name=name, email=email)

    def connect_account(self, *, user_id: str) -> str:
        with self._context.acting("entrant"):
            return self._people.connect_account(user_id=user_id)

    def create_contest(self, *, organizer_id: str, contest: Mapping[str, Any]) -> str:
        with self._context.acting("organizer"):
            return self._people.create_contest(organizer_id=organizer_id, contest=contest)

    def publish_contest(self, *, organizer_id: str, contest_id: str) -> None:
        with self._context.acting("organizer"):
            self._people.publish_contest(organizer_id=organizer_id, contest_id=contest_id)

    def join(self, *, user_id: str, contest_id: str, roster: Sequence[str]) -> None:
        with self._context.acting("entrant"):
            self._people.join(user_id=user_id, contest_id=contest_id, roster=roster)

    def delete_user(self, *, user_id: str) -> None:
        """Only the fault ``transfer_winner_deleted`` needs it.

        :raises UsageError: the folder's class has no such method.
        """
        if not callable(getattr(self._people, "delete_user", None)):
            raise UsageError(
                place=FILE_NAME,
                problem="the class People has no delete_user, which the fault transfer_winner_deleted needs",
                remedy="add it: delete_user(*, user_id), or leave the fault out of the scenario",
            )
        with self._context.acting("entrant"):
            self._people.delete_user(user_id=user_id)

    def ask_for_refund(self, *, user_id: str, contest_id: str, reason: str) -> None:
        """Only the fault ``refund_requested`` needs it.

        :raises UsageError: the folder's class has no such method.
        """
        ask = getattr(self._people, "ask_for_refund", None)
        if ask is None:
            raise UsageError(
                place=FILE_NAME,
                problem="the class People has no ask_for_refund, which a fault refund_requested needs",
                remedy="see simulation/targets/protocol.py, People",
            )
        with self._context.acting("entrant"):
            ask(user_id=user_id, contest_id=contest_id, reason=reason)

    def open_intent(self, *, user_id: str, contest_id: str, amount_cents: int, idempotency_key: str) -> tuple[str, str]:
        with self._context.acting("entrant"):
            return self._people.open_intent(
                user_id=user_id, contest_id=contest_id, amount_cents=amount_cents, idempotency_key=idempotency_key
            )
