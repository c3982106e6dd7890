"""People act at their own time, write down what they did, and survive a refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from simulation.clock import Kernel, SimulationClock
from simulation.events import EntrantAction
from simulation.faults.effects import Calm
from simulation.faults.subjects import Registry
from simulation.history import Recorder
from simulation.scenario.contest import Contest
from simulation.scenario.model import Scenario
from simulation.world.entrants.entrants import Entrants, contest_terms
from simulation.world.entrants.people import populate
from simulation.world.entrants.plan import Entry, plan_entries
from simulation.world.entrants.purses import CARD, Means, Purses
from simulation.world.provider.provider import ScoreProvider
from simulation.world.stripe.errors import ApiError

START = datetime(2026, 3, 1, tzinfo=UTC)
LOCK = START + timedelta(days=2)
SEEDS = range(10)


def contest(key: str = "cup", **changes: Any) -> Contest:
    values: dict[str, Any] = {
        "key": key,
        "name": key.title(),
        "tournament": "open",
        "entry_fee_cents": 1000,
        "payout_percent": {1: 60, 2: 30},
        "entrants": 10,
        "created": START + timedelta(hours=1),
        "lock": LOCK,
        "start": LOCK + timedelta(hours=1),
        "end": LOCK + timedelta(days=3),
    }
    return Contest(**values | changes)


MIXED = contest(late_joiners=2, late_payers=1, double_payers=1, non_payers=1)


@dataclass
class FakePeople:
    """A platform that says yes, unless ``refuse`` names the act it says no to.

    ``failures``: act → how many times it is answered by an error of the server first.
    """

    refuse: frozenset[str] = frozenset()
    failures: dict[str, int] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    contests: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    published: list[str] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def _maybe(self, act: str) -> None:
        self.failures[act] = self.failures.get(act, 0) - 1
        status = 503 if self.failures[act] >= 0 else 409
        if status == 503 or act in self.refuse:
            request = httpx.Request("POST", "http://platform")
            response = httpx.Response(status, text=f'{{"error":"{act}"}}', request=request)
            raise httpx.HTTPStatusError(act, request=request, response=response)

    def sign_up(self, *, name: str, email: str) -> str:
        self._maybe("sign_up")
        user_id = f"user-{len(self.users)}"
        self.users[user_id] = email
        return user_id

    def connect_account(self, *, user_id: str) -> str:
        self._maybe("connect_account")
        self.accounts.append(user_id)
        return f"acct_{user_id}"

    def create_contest(self, *, organizer_id: str, contest: Mapping[str, Any]) -> str:
        self._maybe("create_contest")
        self.contests[f"contest-{len(self.contests)}"] = contest
        return f"contest-{len(self.contests) - 1}"

    def publish_contest(self, *, organizer_id: str, contest_id: str) -> None:
        self._maybe("publish_contest")
        self.published.append(contest_id)

    def join(self, *, user_id: str, contest_id: str, roster: Sequence[str]) -> None:
        self._maybe("join")

    def open_intent(self, *, user_id: str, contest_id: str, amount_cents: int, idempotency_key: str) -> tuple[str, str]:
        self._maybe("open_intent")
        self.keys.append(idempotency_key)
        return f"pi_{len(self.keys)}", f"secret_{len(self.keys)}"


@dataclass
class World:
    contests: tuple[Contest, ...] = (MIXED,)
    seed: int = 1
    people: FakePeople = field(default_factory=FakePeople)
    declined: bool = False
    purses: Purses = field(default_factory=Purses)

    def __post_init__(self) -> None:
        self.kernel = Kernel(SimulationClock(start=START))
        self.recorder = Recorder(clock=self.kernel.clock)
        self.registry = Registry()
        self.confirmed: list[tuple[str, str]] = []
        scenario = Scenario.model_validate(
            {
                "name": "test",
                "description": "",
                "start": START,
                "days": 10,
                "tournaments": {"open": {"first_round": LOCK + timedelta(hours=1)}},
                "contests": self.contests,
            }
        )
        provider = ScoreProvider(
            kernel=self.kernel,
            recorder=self.recorder,
            injector=Calm(),
            tournaments=scenario.tournaments,
            seed=self.seed,
        )
        Entrants(
            kernel=self.kernel,
            recorder=self.recorder,
            scenario=scenario,
            seed=self.seed,
            people=self.people,
            registry=self.registry,
            provider=provider,
            confirm=self.confirm,
            intent_of=self.people.newest if isinstance(self.people, ChargingPeople) else lambda **_: None,
            purses=self.purses,
        ).start()
        self.kernel.run_until(scenario.end)

    def confirm(self, *, reference: str, client_secret: str, payment_method: str) -> str:
        if self.declined:
            raise ApiError("Your card was declined.", status=402, code="card_declined")
        self.confirmed.append((reference, client_secret))
        return reference

    def acts(self, *actions: str) -> list[EntrantAction]:
        found = [event for event in self.recorder.events if isinstance(event, EntrantAction)]
        return [event for event in found if not actions or event.action in actions]


def entries(wanted: Contest, *, seed: int = 1) -> tuple[Entry, ...]:
    players = populate((wanted,), seed=seed).players
    return plan_entries(wanted, players=players, field=[str(number) for number in range(24)], seed=seed)


# --- plans ---------------------------------------------------------------------------------------------------------


def test_same_seed_same_people_and_plans():
    assert populate((MIXED,), seed=4) == populate((MIXED,), seed=4)
    assert entries(MIXED, seed=4) == entries(MIXED, seed=4)


def test_another_seed_other_people_and_plans():
    assert populate((MIXED,), seed=4) != populate((MIXED,), seed=5)
    assert entries(MIXED, seed=4) != entries(MIXED, seed=5)


def test_addresses_are_unique_and_lead_nowhere():
    population = populate((contest(entrants=90), contest("second", entrants=90)), seed=1)
    addresses = [person.email for person in (*population.players, *population.organizers)]
    assert len(set(addresses)) == len(addresses)
    assert all(address.endswith("@example.com") for address in addresses)


@pytest.mark.parametrize("seed", SEEDS)
def test_everybody_joins_before_the_lock_and_late_joiners_within_its_last_hour(seed: int):
    for entry in entries(MIXED, seed=seed):
        assert MIXED.created < entry.join_at < LOCK
        assert (entry.join_at >= LOCK - timedelta(hours=1)) == (entry.habit == "late_joiner")


@pytest.mark.parametrize("seed", SEEDS)
def test_everybody_pays_before_the_lock_but_late_and_non_payers(seed: int):
    for entry in entries(MIXED, seed=seed):
        if entry.habit == "non_payer":
            assert entry.pay_at is None
        elif entry.habit == "late_payer":
            assert entry.pay_at is not None
            assert LOCK < entry.pay_at < MIXED.start
        else:
            assert entry.pay_at is not None
            assert entry.join_at < entry.pay_at < LOCK


@pytest.mark.parametrize("minutes", [20, 45, 90])
def test_short_contests_have_room_for_everybody(minutes: int):
    short = contest(created=LOCK - timedelta(minutes=minutes), late_joiners=3, double_payers=1)
    for entry in entries(short):
        assert entry.pay_at is not None
        assert short.created < entry.join_at <= entry.pay_at < short.lock


def test_habits_are_as_many_as_the_scenario_says():
    habits = sorted(entry.habit for entry in entries(MIXED))
    assert habits == ["double_payer", "late_joiner", "late_joiner", "late_payer", "non_payer", *["prompt"] * 5]


def test_rosters_are_distinct_players_and_some_are_copied():
    rosters = [entry.roster for seed in SEEDS for entry in entries(MIXED, seed=seed)]
    assert all(len(set(roster)) == MIXED.roster_size for roster in rosters)
    assert any(len({entry.roster for entry in entries(MIXED, seed=seed)}) < MIXED.entrants for seed in SEEDS)


def test_some_people_play_several_contests():
    world = World(contests=(contest("one"), contest("two"), contest("three")))
    joined = [act.person for act in world.acts("joined")]
    assert len(joined) == 30
    assert len(set(joined)) < 30
    assert len(world.people.users) == len(set(joined)) + len({act.person for act in world.acts("created_contest")})


# --- acts ----------------------------------------------------------------------------------------------------------


def test_organizer_creates_and_publishes_when_the_contest_begins():
    world = World()
    created, published = world.acts("created_contest", "published_contest")
    assert (created.at, published.action) == (MIXED.created, "published_contest")
    assert created.cause == f"entrant:{created.person}:cup"
    assert world.people.published == [world.registry.contest_ids["cup"]]
    terms = world.people.contests["contest-0"]
    assert terms["payout_structure"] == {"1": 60, "2": 30}
    assert terms["provider_event_id"] == "open"
    assert terms["scoring"] == {"roster_size": 3, "missed_round_strokes": 80}
    assert datetime.fromisoformat(terms["lock_time"]) == LOCK


def test_everybody_connects_an_account_at_sign_up():
    world = World()
    assert world.people.accounts == list(world.people.users)
    assert world.registry.user_ids == {act.person: act.user_id for act in world.acts("signed_up")}


def test_each_habit_pays_its_way():
    world = World()
    counts = {action: len(world.acts(action)) for action in ("joined", "paid", "paid_late", "paid_twice", "never_paid")}
    assert counts == {"joined": 10, "paid": 8, "paid_late": 1, "paid_twice": 1, "never_paid": 1}
    assert len(world.confirmed) == 10
    assert len(world.acts("opened_intent")) == 11
    assert len(set(world.people.keys)) == 11


def test_double_payer_opens_both_intents_before_paying_either():
    world = World()
    (second,) = world.acts("paid_twice")
    acts = [act for act in world.acts() if act.person == second.person and act.action != "signed_up"]
    assert [act.action for act in acts] == ["joined", "opened_intent", "opened_intent", "paid", "paid_twice"]
    assert len({act.payment_intent_id for act in acts if act.action == "opened_intent"}) == 2


def test_late_payment_comes_after_the_lock():
    (late,) = World().acts("paid_late")
    assert MIXED.lock < late.at < MIXED.start


def test_free_contest_asks_for_no_payment():
    world = World(contests=(contest(entry_fee_cents=0),))
    assert len(world.acts("joined")) == 10
    assert world.acts("opened_intent", "paid", "never_paid") == []


def test_same_seed_same_history():
    assert World(seed=3).recorder.events == World(seed=3).recorder.events
    assert World(seed=3).recorder.events != World(seed=4).recorder.events


@pytest.mark.parametrize(
    ("act", "what", "missing"),
    [
        ("sign_up", "sign up", "signed_up"),
        ("connect_account", "connect account", "joined"),
        ("create_contest", "create contest", "created_contest"),
        ("join", "join", "opened_intent"),
        ("open_intent", "open payment", "paid"),
    ],
)
def test_refusal_is_on_record_and_the_run_goes_on(act: str, what: str, missing: str):
    world = World(people=FakePeople(refuse=frozenset({act})))
    refused = world.acts("refused")
    assert refused
    assert refused[0].detail == f'{what}: 409 {{"error":"{act}"}}'
    assert world.acts(missing) == [] or act == "connect_account"
    assert world.kernel.now == START + timedelta(days=10)


ACTS = {
    "sign_up": "sign up",
    "connect_account": "connect account",
    "create_contest": "create contest",
    "publish_contest": "publish contest",
    "join": "join",
    "open_intent": "open payment",
}


@pytest.mark.parametrize("act", ACTS)
def test_who_gets_an_error_of_the_server_tries_again_as_people_do(act: str):
    world, untroubled = World(people=FakePeople(failures={act: 2})), World()
    refused = world.acts("refused")
    assert [one.act for one in refused] == [ACTS[act]] * 2
    assert [one.at - refused[0].at for one in refused] == [timedelta(0), timedelta(minutes=2)]
    done = ("signed_up", "published_contest", "joined", "opened_intent", "paid", "paid_twice")
    for action in done:
        assert len(world.acts(action)) == len(untroubled.acts(action)), action
    assert len(set(world.people.accounts)) == len(world.people.accounts), "nobody has two accounts"
    assert len(set(world.people.keys)) == len(world.people.keys)


@pytest.mark.parametrize("act", ["create_contest", "join"])
def test_after_three_tries_people_give_up(act: str):
    world = World(contests=(contest(entrants=2),), people=FakePeople(failures={act: 1_000}))
    tried = [one for one in world.acts("refused") if one.act == ACTS[act] and "no such contest" not in one.detail]
    assert len(tried) == 3 * (1 if act == "create_contest" else 2)
    assert world.acts("opened_intent") == []


def test_a_card_at_a_bank_that_is_down_is_tried_again():
    class Down(World):
        downs = 2

        def confirm(self, *, reference: str, client_secret: str, payment_method: str) -> str:
            self.downs -= 1
            if self.downs >= 0:
                raise ApiError("An error occurred.", status=500)
            return super().confirm(reference=reference, client_secret=client_secret, payment_method=payment_method)

    world = Down()
    assert len(world.acts("refused")) == 2
    assert len(world.confirmed) == len({reference for reference, _ in world.confirmed}) == 10


def test_entrants_of_a_contest_that_was_never_made_say_so():
    world = World(people=FakePeople(refuse=frozenset({"create_contest"})))
    assert sum("there is no such contest" in act.detail for act in world.acts("refused")) == 10


class Disturbed(World):
    """The first two who come to pay in good time pay otherwise than by a card that works."""

    def __init__(self, *means: Means, people: FakePeople | None = None) -> None:
        self.struck: list[tuple[str, str | None]] = []
        purses = Purses()
        purses.put(MIXED.key, 1, means, lambda person, intent: self.struck.append((person, intent)))
        super().__init__(purses=purses, people=people or FakePeople())

    def confirm(self, *, reference: str, client_secret: str, payment_method: str) -> str:
        if payment_method == "no money":
            raise ApiError("Your card was declined.", status=402, code="card_declined")
        return super().confirm(reference=reference, client_secret=client_secret, payment_method=payment_method)

    def of_the_struck(self) -> list[str]:
        (person,) = {person for person, _ in self.struck}
        return [act.action for act in self.acts() if act.person == person and act.action not in ("signed_up", "joined")]


DECLINED = Means(payment_method="no money", tries_again=True)
CANCELED = Means(payment_method="no money", tries_again=True, new_intent=True)


@pytest.mark.parametrize(
    ("means", "did"),
    [
        ([DECLINED], ["opened_intent", "refused", "paid"]),
        ([DECLINED, DECLINED], ["opened_intent", "refused", "refused", "paid"]),
        ([DECLINED] * 3, ["opened_intent", "refused", "refused", "refused"]),
        ([CANCELED], ["opened_intent", "refused", "opened_intent", "paid"]),
        ([Means(outcome="left")], ["opened_intent", "never_paid"]),
        ([Means(outcome="under_way")], ["opened_intent", "began_to_pay"]),
        ([Means(outcome="wrong_amount", amount_cents=7)], ["opened_intent", "paid_wrong_amount"]),
    ],
)  # fmt: skip
def test_people_whose_payment_is_disturbed_try_again_or_wait(means: list[Means], did: list[str]):
    world = Disturbed(*means)
    assert world.of_the_struck() == did
    others = [act for act in world.acts("paid") if act.person != world.struck[0][0]]
    assert len(others) == len(world.acts("paid")) - (did[-1] == "paid")
    assert len({reference for reference, _ in world.confirmed}) == len(world.confirmed), "no intent is paid twice"


def test_a_number_is_given_when_somebody_first_comes_to_pay():
    purses, struck = Purses(), []
    purses.put("cup", 2, [DECLINED], lambda person, _: struck.append(person))
    taken = []
    for person in ("ann", "bob", "ann", "bob", "cat"):
        means, tell = purses.take("cup", person)
        tell("pi")
        taken.append(means)
    assert taken == [CARD, DECLINED, CARD, CARD, CARD]
    assert struck == ["bob"]


@dataclass
class ChargingPeople(FakePeople):
    """A platform that is handed a payment method, and makes and confirms the intent by itself."""

    intents: list[str] = field(default_factory=list)
    makes_none: bool = False

    def pay(
        self, *, user_id: str, contest_id: str, amount_cents: int, payment_method: str, idempotency_key: str
    ) -> None:
        self._maybe("pay")
        self.keys.append(idempotency_key)
        if not self.makes_none:
            self.intents.append(f"{user_id} {contest_id} {len(self.intents)}")
        if payment_method == "no money":
            request = httpx.Request("POST", "http://platform")
            raise httpx.HTTPStatusError("declined", request=request, response=httpx.Response(402, request=request))

    def newest(self, *, contest_id: str, user_id: str) -> str | None:
        return next((one for one in reversed(self.intents) if one.startswith(f"{user_id} {contest_id} ")), None)


def test_who_is_charged_there_opens_no_intent_and_confirms_none():
    people = ChargingPeople()
    world = World(people=people)
    assert world.confirmed == []
    assert len(world.acts("paid")) == 8
    assert [len(world.acts(act)) for act in ("paid_late", "paid_twice")] == [1, 1]
    assert len(world.acts("never_paid")) == 1
    made = [act.payment_intent_id for act in world.acts("opened_intent")]
    assert sorted(map(str, made)) == sorted(people.intents)
    assert len(set(world.people.keys)) == len(world.people.keys)


def test_who_is_charged_there_and_declined_tries_another_card_and_makes_another_intent():
    people = ChargingPeople()
    world = Disturbed(DECLINED, people=people)
    assert world.of_the_struck() == ["refused", "opened_intent", "opened_intent", "paid"]
    ((_, struck),) = world.struck
    assert struck in people.intents
    others = [act.payment_intent_id for act in world.acts("paid")]
    assert struck not in others


def test_a_payment_method_of_which_nothing_came_is_a_refusal():
    world = World(people=ChargingPeople(makes_none=True))
    assert world.acts("paid", "opened_intent") == []
    assert {act.detail for act in world.acts("refused")} == {
        "pay: DecodingError it took the payment method, and Stripe has no intent labelled with the order"
    }


def test_declined_card_is_on_record():
    world = World(declined=True)
    assert world.acts("paid") == []
    assert all("card was declined" in act.detail for act in world.acts("refused"))


@pytest.mark.parametrize("tied", [0, 3, 10])
def test_as_many_as_the_scenario_says_choose_the_same_golfers(tied: int) -> None:
    """Nobody else's plan changes by it."""
    players = populate([contest()], seed=1).players
    field = [f"g{number}" for number in range(200)]
    calm = plan_entries(contest(), players=players, field=field, seed=1)
    entries = plan_entries(contest(same_rosters=tied), players=players, field=field, seed=1)
    rosters = [entry.roster for entry in entries]
    assert max(rosters.count(roster) for roster in rosters) >= tied
    assert [(entry.person, entry.join_at, entry.pay_at) for entry in entries] == [
        (entry.person, entry.join_at, entry.pay_at) for entry in calm
    ]
    assert (rosters == [entry.roster for entry in calm]) == (tied == 0)


def test_a_backend_hears_of_a_guarantee_and_of_the_least_number_of_entrants_where_there_is_one() -> None:
    rare = {"guaranteed_pool_cents", "min_entries"}
    assert not rare & set(contest_terms(contest()))
    assert contest_terms(contest(guaranteed_pool_cents=5, min_entries=2)).items() >= {
        ("guaranteed_pool_cents", 5),
        ("min_entries", 2),
    }
