"""Faults of the score provider: no answer, a broken one, a board that lacks a card, a score that was wrong."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field

from simulation.scenario.faults.alerting import JOB_INTERVAL, alerted
from simulation.scenario.faults.expectation import SELF_HEALS, Expectation
from simulation.scenario.faults.fault import At, Beyond, Fault, Minutes, Status, Times, Window, Within
from simulation.scenario.faults.rule import BrokenRule, minute

if TYPE_CHECKING:
    from simulation.scenario.contest import Contest
    from simulation.scenario.faults.drawing import Drawing
    from simulation.scenario.model import Scenario
    from simulation.scenario.tournament import Tournament

ProviderMode = Literal["timeout", "status", "malformed", "incomplete_final", "slow"]
"""What becomes of a request for scores."""
_POLL_MINUTES = JOB_INTERVAL // timedelta(minutes=1)
_MET = Within(
    least=_POLL_MINUTES + 1,
    otherwise=f"may never be met, since scores are asked for every {_POLL_MINUTES} minutes",
)


_LATE = timedelta(hours=1)
"""The alert IngestionLag fires beyond it (fixtures/spec/requirements.md, Monitoring and alerting)."""
_LAG = Expectation(runbook="ingestion_lag")
_PROVIDER_GONE_MINUTES = 720
"""How long the runbook ingestion_lag waits for a provider that does not answer."""
_CARD_AWAITED = timedelta(hours=6)
"""How long the runbook settlement_failed_mid_run waits for a board that is whole."""
_MOST_REFUSED = 60
"""Broken answers in a row for which the runbook is sure to wait: the poller and the runbook ask by turns."""


class TournamentFault(Fault):
    """One that strikes the scores of a tournament."""

    tournament: str = Field(description="Key of the tournament whose scores are struck")

    def its_tournament(self, scenario: Scenario) -> Tournament:
        return scenario.tournaments[self.tournament]

    def followers(self, scenario: Scenario) -> list[Contest]:
        """Contests that are played on it."""
        return [contest for contest in scenario.contests if contest.tournament == self.tournament]


class FeedFault(TournamentFault):
    """One that strikes requests for scores. One whose window has no end strikes ``times`` of them."""

    mode: ClassVar[ProviderMode]
    with_status_page: ClassVar[bool] = False
    """The provider's status page is struck with the feed."""

    @classmethod
    def effect(cls, *, status: int | None) -> ProviderMode:
        return cls.mode

    @abstractmethod
    def on(self, tournament: Tournament) -> Window:
        """When it is on."""

    def over(self, tournament: Tournament) -> datetime:
        """When scores are asked for in vain at the latest, as far as it is known beforehand."""
        on = self.on(tournament)
        return on.ends_at or on.starts_at

    def window(self, scenario: Scenario, seed: int) -> Window:
        return self.on(self.its_tournament(scenario))

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        """The feed is polled from the first lock of the tournament's contests to its final board."""
        followers, tournament = self.followers(scenario), self.its_tournament(scenario)
        if not followers:
            yield BrokenRule(
                path=("tournament",),
                problem=f"no contest follows {self.tournament}, so that nobody asks for its scores",
                remedy="name a tournament of a contest",
            )
            return
        first, last = min(contest.lock for contest in followers), tournament.final_board_at
        at = self.on(tournament).starts_at
        if not first <= at <= last:
            yield BrokenRule(
                path=("at",),
                problem=f"fault {self.id} at {minute(at)}: scores of {self.tournament} are asked for from "
                f"{minute(first)} to {minute(last)}",
                remedy="move at between the two",
            )


class ProviderOutage(FeedFault):
    """For `minutes` from `at` one tournament's feed and the status page time out, or answer `status`."""

    kind: Literal["provider_outage"]
    at: At
    minutes: Annotated[Minutes, _MET]
    status: Status | None = None
    title = "The score provider does not answer"
    origin = "Score feeds fail when most people look at them: during a live round."
    recovery = (
        "Asks again at the next poll. After a long outage the runbook waits for the provider and fetches its scores."
    )
    expects = _LAG
    mode = "timeout"
    with_status_page = True

    def ending(self, scenario: Scenario) -> Expectation | Beyond:
        """The lag counts from the last good poll, at most one interval before, to the first one after."""
        if self.minutes > _PROVIDER_GONE_MINUTES:
            return Beyond(
                field="minutes",
                problem=f"the runbook ingestion_lag waits {_PROVIDER_GONE_MINUTES} minutes, then escalates",
                remedy=f"{_PROVIDER_GONE_MINUTES} or fewer",
            )
        lag = timedelta(minutes=self.minutes)
        late = lag - _LATE
        return alerted(scenario, least=late, most=late + 2 * JOB_INTERVAL, field="minutes", runbook=_LAG)

    @classmethod
    def effect(cls, *, status: int | None) -> ProviderMode:
        return cls.mode if status is None else "status"

    def on(self, tournament: Tournament) -> Window:
        return Window(starts_at=self.at, ends_at=self.at + timedelta(minutes=self.minutes))

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        """In the middle of round 2: short ones pass unnoticed, long ones call for the runbook."""
        key = drawing.tournament()
        minutes, expect = drawing.source.choice(((25, SELF_HEALS), (90, cls.expects)))
        at = drawing.scenario.tournaments[key].tee(2) + timedelta(hours=3, minutes=15)
        return cls._drawn(tournament=key, at=at, minutes=minutes, expect=expect)


class ProviderSlow(FeedFault):
    """For `minutes` from `at` one tournament's feed answers rightly, each time after `seconds`."""

    kind: Literal["provider_slow"]
    at: At
    minutes: Annotated[Minutes, _MET]
    seconds: Annotated[
        int, Field(ge=1, le=4, description="Simulated seconds until the answer; the poller waits for five")
    ] = 4
    title = "The score provider answers slowly"
    origin = "The last hole of a close round: the feed's own database is asked by everybody at once."
    recovery = "Waits for each answer and stores it; other tournaments are polled after that."
    mode = "slow"
    drawn = 55

    def on(self, tournament: Tournament) -> Window:
        return Window(starts_at=self.at, ends_at=self.at + timedelta(minutes=self.minutes))

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        """In the middle of round 3."""
        key = drawing.tournament()
        at = drawing.scenario.tournaments[key].tee(3) + timedelta(hours=1)
        minutes, seconds = drawing.source.choice((30, 60)), drawing.source.randint(1, 4)
        return cls._drawn(tournament=key, at=at, minutes=minutes, seconds=seconds, expect=cls.expects)


class ProviderMalformed(FeedFault):
    """The first `times` answers from `at` on are JSON that breaks off in the middle."""

    kind: Literal["provider_malformed"]
    at: At
    times: Times = 1
    title = "The score provider sends broken data"
    origin = "A proxy that cuts a response short and calls it complete."
    recovery = "Refuses the answer, notes why, keeps the scores that it has, and asks again at the next poll."
    mode = "malformed"

    def ending(self, scenario: Scenario) -> Expectation | Beyond:
        """Each poll takes one of the broken answers."""
        if self.times > _MOST_REFUSED:
            return Beyond(
                field="times",
                problem="the runbook ingestion_lag asks for a board that is whole for 3 hours, then escalates",
                remedy=f"{_MOST_REFUSED} or fewer",
            )
        late = self.times * JOB_INTERVAL - _LATE
        return alerted(scenario, least=late, most=late + 2 * JOB_INTERVAL, field="times", runbook=_LAG)

    def on(self, tournament: Tournament) -> Window:
        return Window(starts_at=self.at)

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        """In any round that :class:`ProviderOutage` leaves alone."""
        key = drawing.tournament()
        tournament = drawing.scenario.tournaments[key]
        round_number = drawing.source.choice([number for number in tournament.rounds if number != 2])
        at = tournament.tee(round_number) + timedelta(hours=drawing.source.randint(1, 4))
        return cls._drawn(tournament=key, at=at, times=drawing.source.choice((1, 2)), expect=cls.expects)


class ProviderIncompleteFinal(FeedFault):
    """Until `minutes` after the terminal signal the board lacks the last six holes of one player."""

    kind: Literal["provider_incomplete_final"]
    minutes: Annotated[Minutes, _MET]
    at: At | None = None
    title = "The score provider calls a tournament final with scores missing"
    origin = "The terminal signal is published before the last score card is signed."
    recovery = "Refuses to settle on scores that are incomplete. The runbook waits for the corrected board and settles."
    expects = Expectation(runbook="settlement_failed_mid_run")
    mode = "incomplete_final"

    def ending(self, scenario: Scenario) -> Expectation | Beyond:
        """A settlement that was refused is not tried again by itself."""
        final = self.its_tournament(scenario).final_board_at
        beyond_final = self.over(self.its_tournament(scenario)) - final
        if beyond_final <= timedelta(0):
            return SELF_HEALS
        if beyond_final > _CARD_AWAITED:
            return Beyond(
                field="minutes",
                problem=f"the runbook settlement_failed_mid_run waits {_CARD_AWAITED} for the board, then escalates",
                remedy=f"let it end {_CARD_AWAITED} after the final board, or earlier",
            )
        if beyond_final <= JOB_INTERVAL:
            return Beyond(
                field="minutes",
                problem="the board that lacks a card may be asked for when the tournament is final, or not",
                remedy="let it end more than 5 minutes after the final board, or before it",
            )
        return self.expects

    def on(self, tournament: Tournament) -> Window:
        """A score card that is late for the final board was not on the board before, either."""
        length = timedelta(minutes=self.minutes)
        if self.at is not None:
            return Window(starts_at=self.at, ends_at=self.at + length)
        return Window(starts_at=tournament.last_round_ends_at, ends_at=tournament.final_board_at + length)

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        yield from super().broken(scenario, earlier)
        tournament = self.its_tournament(scenario)
        held, at = tournament.rounds[-1], self.on(tournament).starts_at
        if tournament.round_ends_at(held) < at:
            yield BrokenRule(
                path=("tournament",),
                problem=f"fault {self.id} takes a card of round {held} off the board of {self.tournament} from "
                f"{minute(at)} on, and that round was complete {minute(tournament.round_ends_at(held))}",
                remedy="let every round be held, or give an at before",
            )

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        return cls._drawn(tournament=drawing.tournament(), minutes=60, expect=cls.expects)


_UNTIL_SETTLED = timedelta(hours=2)
"""From the end of a contest, or of a fault of its scores, to its settlement, a runbook included."""
_LONGEST_HOURS = 22
"""A platform asks for corrections for a day after the settlement; two hours are left for it to ask."""
_ROOM_TO_ANSWER = timedelta(hours=4)


class ProviderCorrection(TournamentFault):
    """`delay_hours` after the final board the provider counts one stroke more for a player who was scored."""

    kind: Literal["provider_correction"]
    delay_hours: Annotated[int, Field(ge=0, description="How long after the final board the correction comes")]
    title = "The score provider corrects a score after the settlement"
    origin = "A score card is counted again when the prizes are out; the provider corrects its board without a word."
    recovery = "Keeps the settlement, which is final, and reports the difference. The runbook replays it and says so."
    expects = Expectation(runbook="score_discrepancy")
    acts = True
    drawn = 1

    def strikes_at(self, scenario: Scenario) -> datetime:
        return self.its_tournament(scenario).final_board_at + timedelta(hours=self.delay_hours)

    def window(self, scenario: Scenario, seed: int) -> Window:
        return Window(starts_at=self.strikes_at(scenario))

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        """The contest must be settled, and somebody must still look."""
        followers = self.followers(scenario)
        if not any(contest.entrants > contest.non_payers for contest in followers):
            yield BrokenRule(
                path=("tournament",),
                problem=f"no contest with a paying entrant follows {self.tournament}, so that no score can differ",
                remedy="name a tournament of a contest",
            )
            return
        final, at = self.its_tournament(scenario).final_board_at, self.strikes_at(scenario)
        settled = max(final, *(contest.end for contest in followers), *self._others_over(scenario)) + _UNTIL_SETTLED
        last = final + timedelta(hours=_LONGEST_HOURS)
        if not settled <= at <= last:
            yield BrokenRule(
                path=("delay_hours",),
                problem=f"fault {self.id} at {minute(at)}: contests of {self.tournament} are sure to be settled by "
                f"{minute(settled)}, and corrections are asked for until {minute(last)}",
                remedy="choose delay_hours between the two, counted from the final board",
            )
        if at + _ROOM_TO_ANSWER > scenario.end:
            yield BrokenRule(
                path=("delay_hours",),
                problem=f"fault {self.id} strikes at {minute(at)}, too late before the end {minute(scenario.end)}",
                remedy="lower delay_hours",
            )
        for rival in earlier:
            if isinstance(rival, ProviderCorrection) and rival.tournament == self.tournament:
                yield BrokenRule(
                    path=("tournament",),
                    problem=f"fault {rival.id} corrects the scores of {self.tournament} already",
                    remedy="name another tournament",
                )

    def _others_over(self, scenario: Scenario) -> Iterator[datetime]:
        """When other faults of the tournament's scores are over."""
        tournament = self.its_tournament(scenario)
        for other in scenario.faults:
            if isinstance(other, FeedFault) and other.tournament == self.tournament:
                yield other.over(tournament)

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        key, hours = drawing.tournament(), drawing.source.randint(3, 22)
        return cls._drawn(tournament=key, delay_hours=hours, expect=cls.expects)


ProviderKinds = ProviderOutage | ProviderSlow | ProviderMalformed | ProviderIncompleteFinal | ProviderCorrection
