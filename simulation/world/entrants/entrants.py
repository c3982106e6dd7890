"""What players and organizers do: they sign up, make contests, join and pay, each at a time of their own; where people
buy, they order and pay.

Every action is an event of the history. A refusal by the platform is one too: the person then gives up on that contest,
and the run goes on. Whoever gets an error of the server, or no answer, tries again as people do: a few times, a few
minutes apart.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeVar, cast

import httpx

from simulation.clock import Kernel, SimProcess
from simulation.currency import USD
from simulation.events import Action, EntrantAction, PersonAct
from simulation.faults.subjects import Registry
from simulation.history import Recorder, caused_by
from simulation.scenario.contest import Contest
from simulation.scenario.model import Scenario
from simulation.untrusted import printable
from simulation.world.entrants.people import Person, populate
from simulation.world.entrants.plan import Entry, plan_entries
from simulation.world.entrants.purses import UNDISTURBED, Means, Purses
from simulation.world.ports import Buyers, ChargedThere, People
from simulation.world.provider.provider import ScoreProvider
from simulation.world.stripe.errors import ApiError

_T = TypeVar("_T")
_SECONDS_TO_LEAVE = 60
_TRIES = 3
_SECONDS_TO_TRY_AGAIN = 120
_SERVER_ERROR = 500
_LONGEST_REASON = 200


class Confirm(Protocol):
    """The entrant's browser: pays an intent, or on a checkout page, at Stripe. Returns the intent's id."""

    def __call__(self, *, reference: str, client_secret: str, payment_method: str) -> str: ...


class IntentOf(Protocol):
    """The newest intent that Stripe has for what this user pays for; None."""

    def __call__(self, *, contest_id: str, user_id: str) -> str | None: ...


class _Refused(Exception):
    """The platform refused an action, which is recorded. ``for_good``: it is no use to try again."""

    def __init__(self, *, for_good: bool) -> None:
        super().__init__()
        self.for_good = for_good


@dataclass(kw_only=True)
class _Part:
    """One person in one contest: what they have done so far."""

    person: Person
    contest: Contest
    entry: Entry | None = None
    """The entrant's plan; None for the organizer."""
    intents: list[tuple[str, str]] = field(default_factory=list)
    """Stripe's id and client secret of each intent opened."""
    joined: bool = False
    paid: int = 0
    """How many of the intents."""
    opened: int = 0
    """Intents in all, with those that could not be paid any more."""

    @property
    def planned(self) -> Entry:
        assert self.entry is not None, f"{self.person.key} is no entrant of {self.contest.key}"
        return self.entry


class Entrants:
    """Everybody who plays or organizes in a scenario."""

    def __init__(
        self,
        *,
        kernel: Kernel,
        recorder: Recorder,
        scenario: Scenario,
        seed: int,
        people: People,
        registry: Registry,
        provider: ScoreProvider,
        confirm: Confirm,
        intent_of: IntentOf,
        purses: Purses,
    ) -> None:
        self._kernel = kernel
        self._recorder = recorder
        self._scenario = scenario
        self._seed = seed
        self._people = people
        self._registry = registry
        self._provider = provider
        self._confirm = confirm
        self._intent_of = intent_of
        self._purses = purses
        self._population = populate(scenario.contests, seed=seed)
        self._sells = scenario.profile == "payments"
        """People order and pay; there is nothing to join."""
        self._connected: set[str] = set()
        """Keys of the people who have an account for their winnings."""

    def start(self) -> None:
        """Spawn every organizer and entrant; nobody acts before their time."""
        for orders in self._scenario.contests if self._sells else ():
            for entry in plan_entries(orders, players=self._population.players, field=(), seed=self._seed):
                self._kernel.spawn(self._enter(entry, orders))
        if self._sells:
            return
        organizers = self._population.organizers
        for number, contest in enumerate(self._scenario.contests):
            self._kernel.spawn(self._organize(organizers[number % len(organizers)], contest))
            golfers = self._provider.player_ids(contest.tournament)
            for entry in plan_entries(contest, players=self._population.players, field=golfers, seed=self._seed):
                self._kernel.spawn(self._enter(entry, contest))

    def leave(self, user_id: str, *, fault_id: str) -> None:
        """In a minute from now the person asks the platform to delete their account."""
        self._kernel.spawn(self._leave(user_id, fault_id))

    # --- lives --------------------------------------------------------------------------------------------------

    def _organize(self, organizer: Person, contest: Contest) -> SimProcess:
        yield self._kernel.until(contest.created)
        yield from self._act(_Part(person=organizer, contest=contest), self._open_contest)

    def _enter(self, entry: Entry, contest: Contest) -> SimProcess:
        part = _Part(person=entry.person, contest=contest, entry=entry)
        yield self._kernel.until(entry.join_at)
        if not (yield from self._act(part, self._order if self._sells else self._join)):
            return
        if entry.pay_at is None:
            yield self._kernel.until(contest.lock)
            yield from self._act(part, self._never_pay)
            return
        yield self._kernel.until(entry.pay_at)
        yield from self._act(part, self._pay)

    def _leave(self, user_id: str, fault_id: str) -> SimProcess:
        yield self._kernel.sleep(_SECONDS_TO_LEAVE)
        person = next((key for key, known in self._registry.user_ids.items() if known == user_id), "")
        action = partial(EntrantAction, person=person, user_id=user_id, contest=None, contest_id=None)

        def ask() -> None:
            try:
                self._people.delete_user(user_id=user_id)
            except httpx.HTTPError as error:
                detail = f"delete account: {_reason(error)}"
                self._recorder.record(action(action="refused", act="delete account", detail=detail))
                raise _Refused(for_good=_is_final(error)) from error
            self._recorder.record(action(action="deleted_account"))

        yield from self._tried(f"fault:{fault_id}", ask)

    def _act(self, part: _Part, act: Callable[[_Part], None]) -> Generator[Any, Any, bool]:
        """Carry out an action in this person's name; False if the platform refused it.

        :param act: goes on from where it was broken off.
        """
        return (yield from self._tried(f"entrant:{part.person.key}:{part.contest.key}", partial(act, part)))

    def _tried(self, cause: str, act: Callable[[], None]) -> Generator[Any, Any, bool]:
        for left in reversed(range(_TRIES)):
            with caused_by(cause):
                try:
                    act()
                except _Refused as refused:
                    if refused.for_good or not left:
                        return False
                else:
                    return True
            yield self._kernel.sleep(_SECONDS_TO_TRY_AGAIN)
        return False

    # --- acts ---------------------------------------------------------------------------------------------------

    def _open_contest(self, part: _Part) -> None:
        organizer_id, known = self._user_id(part), self._registry.contest_ids
        if part.contest.key not in known:
            known[part.contest.key] = self._ask(
                part,
                "create contest",
                lambda: self._people.create_contest(organizer_id=organizer_id, contest=contest_terms(part.contest)),
            )
            self._registry.organizer_ids[part.contest.key] = organizer_id
            self._record(
                part,
                "created_contest",
                amount_cents=part.contest.entry_fee_cents,
                currency=part.contest.currency,
            )
        contest_id = known[part.contest.key]
        self._ask(
            part,
            "publish contest",
            lambda: self._people.publish_contest(organizer_id=organizer_id, contest_id=contest_id),
        )
        self._record(part, "published_contest")

    def _join(self, part: _Part) -> None:
        roster = part.planned.roster
        user_id, contest_id = self._user_id(part), self._contest_id(part)
        if not part.joined:
            self._ask(part, "join", lambda: self._people.join(user_id=user_id, contest_id=contest_id, roster=roster))
            self._registry.rosters[part.contest.key, user_id] = roster
            self._record(part, "joined", roster=roster)
            part.joined = True
        self._open_intents(part)

    def _order(self, part: _Part) -> None:
        user_id, orders = self._user_id(part), part.contest
        if not part.joined:
            self._registry.order_ids[orders.key, user_id] = self._ask(
                part,
                "order",
                lambda: cast("Buyers", self._people).order(
                    user_id=user_id,
                    what=orders.name,
                    amount_cents=orders.entry_fee_cents,
                    idempotency_key=f"{orders.key}-{part.person.key}",
                ),
            )
            self._registry.owners[self._registry.order_ids[orders.key, user_id]] = user_id
            self._record(part, "ordered", amount_cents=orders.entry_fee_cents)
            part.joined = True
        self._open_intents(part)

    def _open_intents(self, part: _Part) -> None:
        if isinstance(self._people, ChargedThere):
            return  # an intent is made when its payer comes
        for _ in range(len(part.intents), _payments_of(part)):
            self._open_intent(part)

    def _open_intent(self, part: _Part) -> None:
        contest, user_id, contest_id = part.contest, self._user_id(part), self._contest_id(part)
        intent = self._ask(
            part,
            "open payment",
            lambda: self._people.open_intent(
                user_id=user_id,
                contest_id=contest_id,
                amount_cents=contest.entry_fee_cents,
                idempotency_key=f"{contest.key}-{part.person.key}-{part.opened + 1}",
            ),
        )
        part.intents.append(intent)
        self._record_opening(part, intent[0])

    def _record_opening(self, part: _Part, payment_intent_id: str) -> None:
        part.opened += 1
        self._record(
            part,
            "opened_intent",
            amount_cents=part.contest.entry_fee_cents,
            currency=part.contest.currency,
            payment_intent_id=payment_intent_id,
        )

    def _pay(self, part: _Part) -> None:
        while part.paid < _payments_of(part):
            if isinstance(self._people, ChargedThere):
                self._pay_there(part, self._people)
                continue
            if not part.intents[part.paid :]:
                self._open_intent(part)
            reference, client_secret = part.intents[part.paid]
            means, struck = self._means(part)
            struck(reference)
            confirm = partial(
                self._confirm,
                reference=reference,
                client_secret=client_secret,
                payment_method=means.payment_method,
            )
            try:
                payment_intent_id = self._ask(part, "pay", confirm)
            except _Refused:
                if not means.tries_again:
                    raise
                if means.new_intent:
                    part.intents.pop(part.paid)
                raise _Refused(for_good=False) from None
            self._record_payment(part, payment_intent_id, means)
            part.paid += 1

    def _pay_there(self, part: _Part, people: ChargedThere) -> None:
        """The platform is handed a payment method, and makes and confirms the intent."""
        contest, user_id, contest_id = part.contest, self._user_id(part), self._contest_id(part)
        means, struck = self._means(part)
        before = self._intent_of(contest_id=contest_id, user_id=user_id)

        def made() -> str | None:
            intent = self._intent_of(contest_id=contest_id, user_id=user_id)
            return None if intent == before else intent

        def hand_over() -> str:
            people.pay(
                user_id=user_id,
                contest_id=contest_id,
                amount_cents=contest.entry_fee_cents,
                payment_method=means.payment_method,
                idempotency_key=f"{contest.key}-{part.person.key}-{part.opened + 1}",
            )
            intent = made()
            if intent is None:
                raise httpx.DecodingError(
                    "it took the payment method, and Stripe has no intent labelled with the order"
                )
            return intent

        try:
            intent = self._ask(part, "pay", hand_over)
        except _Refused as refused:
            struck(refused_intent := made())
            if refused_intent is not None:
                self._record_opening(part, refused_intent)
            raise _Refused(for_good=refused.for_good and not means.tries_again) from None
        struck(intent)
        self._record_opening(part, intent)
        self._record_payment(part, intent, means)
        part.paid += 1

    def _means(self, part: _Part) -> tuple[Means, Callable[[str | None], None]]:
        """What the person pays by, and whom to tell of the intent; only a payment in good time, and the only one, may
        be disturbed."""
        if part.planned.habit != "prompt":
            return UNDISTURBED
        return self._purses.take(part.contest.key, part.person.key)

    def _record_payment(self, part: _Part, payment_intent_id: str, means: Means) -> None:
        if means.outcome == "left":
            self._record(part, "never_paid", payment_intent_id=payment_intent_id)
            return
        late = self._kernel.now > part.contest.lock
        paid: Action = "paid_twice" if part.paid else "paid_late" if late else "paid"
        others: Mapping[str, Action] = {
            "under_way": "began_to_pay",
            "wrong_amount": "paid_wrong_amount",
            "wrong_currency": "paid_wrong_currency",
        }
        self._record(
            part,
            others.get(means.outcome, paid),
            amount_cents=means.amount_cents or part.contest.entry_fee_cents,
            currency=means.currency or part.contest.currency,
            payment_intent_id=payment_intent_id,
        )

    def _never_pay(self, part: _Part) -> None:
        for payment_intent_id, _ in part.intents:
            self._record(part, "never_paid", payment_intent_id=payment_intent_id)
        if isinstance(self._people, ChargedThere):
            self._record(part, "never_paid")

    # --- the platform's answers -----------------------------------------------------------------------------------

    def _user_id(self, part: _Part) -> str:
        """The person's user id. The first call signs them up and connects an account for their winnings."""
        person, known = part.person, self._registry.user_ids
        if person.key not in known:
            known[person.key] = self._ask(
                part, "sign up", lambda: self._people.sign_up(name=person.name, email=person.email)
            )
            self._record(part, "signed_up")
        user_id = known[person.key]
        if person.key not in self._connected and not self._sells:
            self._ask(part, "connect account", lambda: self._people.connect_account(user_id=user_id))
            self._connected.add(person.key)
        return user_id

    def _contest_id(self, part: _Part) -> str:
        contest_id = self._id(part)
        if contest_id is None:
            self._record(
                part, "refused", act="join", detail="join: there is no such contest, its organizer was refused"
            )
            raise _Refused(for_good=True)
        return contest_id

    def _id(self, part: _Part) -> str | None:
        return self._registry.id_for(part.contest.key, self._registry.user_ids.get(part.person.key))

    def _ask(self, part: _Part, what: PersonAct, request: Callable[[], _T]) -> _T:
        """Make a request to the platform or to Stripe; a refusal or a dropped connection is recorded."""
        try:
            return request()
        except (httpx.HTTPError, ApiError) as error:
            self._record(part, "refused", act=what, detail=f"{what}: {_reason(error)}")
            raise _Refused(for_good=_is_final(error)) from error

    def _record(self, part: _Part, action: Action, **details: Any) -> None:
        self._recorder.record(
            EntrantAction(
                person=part.person.key,
                user_id=self._registry.user_ids.get(part.person.key),
                contest=part.contest.key,
                contest_id=self._id(part),
                action=action,
                **details,
            )
        )


def _payments_of(part: _Part) -> int:
    """How often the entrant means to pay."""
    if not part.contest.entry_fee_cents:
        return 0
    return 2 if part.planned.habit == "double_payer" else 1


def contest_terms(contest: Contest) -> dict[str, Any]:
    """The body of the request that creates the contest. The provider's id of a tournament is its key in the
    scenario."""
    rare: dict[str, Any] = {
        name: value
        for name in ("guaranteed_pool_cents", "min_entries")
        if (value := getattr(contest, name))  # a backend that knows none of it need not hear of it
    }
    if contest.currency != USD:
        rare["currency"] = contest.currency
    return {
        **rare,
        "contest_name": contest.name,
        "entry_fee_cents": contest.entry_fee_cents,
        "payout_structure": {str(place): percent for place, percent in sorted(contest.payout_percent.items())},
        "max_entries": contest.max_entries,
        "lock_time": contest.lock.isoformat(),
        "start_time": contest.start.isoformat(),
        "end_time": contest.end.isoformat(),
        "provider_event_id": contest.tournament,
        "scoring": {"roster_size": contest.roster_size, "missed_round_strokes": contest.missed_round_strokes},
    }


def _is_final(error: Exception) -> bool:
    """Whether the answer says that it is no use to try again: every one but an error of the server."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code < _SERVER_ERROR
    return isinstance(error, ApiError) and error.status < _SERVER_ERROR


def _reason(error: Exception) -> str:
    """Why a request failed: status and body of an answer, class and message of any other error."""
    if isinstance(error, httpx.HTTPStatusError):
        text = f"{error.response.status_code} {error.response.text}"
    else:
        text = f"{type(error).__name__} {error}"
    return printable(text[:_LONGEST_REASON]).strip()
