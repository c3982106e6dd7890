"""What ``simulate target check`` tries of a running backend: webhook, admin, people, jobs, network."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import httpx

from simulation.errors import SimulationError
from simulation.events import Event, Exchange, HostRefused, JobFailed, JobSummary, Transaction
from simulation.scenario.model import Scenario
from simulation.targets.process.feed_file import FILE_NAME as FEED_FILE
from simulation.targets.process.loader import ProcessChoice
from simulation.targets.process.target import ProcessTarget
from simulation.targets.process.traffic import Traffic
from simulation.targets.protocol import Site
from simulation.untrusted import printable
from simulation.witness.exchange import ExchangeContext
from simulation.witness.wal import WalWitness
from simulation.words import plural
from simulation.world.entrants.entrants import contest_terms
from simulation.world.ports import Admin, Buyers, ChargedThere
from simulation.world.provider.provider import ScoreProvider
from simulation.world.stripe.objects.payment_method import ANY_CARD
from simulation.world.stripe.twin import StripeTwin

_STEPS_LIVED = 3
_REFUSED = (401, 403)
_LEAST_REFUSAL = 300
_TIME_TO_TELL = timedelta(minutes=1)
_PEOPLE = ("entrant", "organizer")
_LONGEST_BODY = 300
_LONGEST_LINE, _LINES_SHOWN, _MOST_LOG_BYTES = 200, 5, 1 << 20
STRIPE, PROVIDER = "stripe", "provider"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The result of one trial. ``wrong`` is None when the piece is in order."""

    piece: str
    said: str = ""
    wrong: str | None = None


class Wrong(Exception):
    """A piece does not do what it should; the message says what it did."""


@dataclass(kw_only=True)
class Bench:
    """A backend that was brought up for its trial, with the external services that it calls."""

    choice: ProcessChoice
    site: Site
    twin: StripeTwin
    provider: ScoreProvider
    target: ProcessTarget
    http: httpx.Client
    context: ExchangeContext
    scenario: Scenario
    wal: WalWitness
    traffic: Traffic
    owners: dict[str, str]
    """Order → user id, which the twin looks at where the backend's objects say nobody's id."""


def look(piece: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(piece=piece, said=printable(look()))
    except (SimulationError, Wrong, httpx.HTTPError, KeyError, ValueError) as error:
        said = f"{error}" if isinstance(error, SimulationError | Wrong) else f"{type(error).__name__}: {error}"
        if isinstance(error, httpx.HTTPStatusError):
            said = f"{said.splitlines()[0]}: {_title_of(error.response.text)[:_LONGEST_BODY]}"
        return Finding(piece=piece, wrong=printable(said))


def _title_of(text: str) -> str:
    """Of a page of HTML its title, of anything else the text, in a line."""
    page = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    return " ".join((text if page is None else f"(a page titled {page[1].strip()!r})").split())


def admin(bench: Bench) -> str:
    admin: Admin = bench.target.create_admin(name="ops", email="ops@platform.test", role="ops")
    place = bench.choice.file.place("admin")
    if not admin.user_id:
        raise Wrong(f"{place}: the appointment of an admin returned no id")
    probe = bench.target.routes.admin_probe
    if probe is None:
        return f"appointed {admin.user_id}; no probe is named, so nobody can show that the founder is kept out"
    token = bench.target.admin_token(subject=admin.user_id, ttl_seconds=3600)
    with_token = bench.http.get(probe, headers={"Authorization": f"Bearer {token}"}).status_code
    if with_token in _REFUSED or with_token >= 400:
        raise Wrong(f"{place}: GET {probe} with an admin's token answered {with_token}")
    without = bench.http.get(probe, headers={"Authorization": "Bearer nonsense"}).status_code
    if without not in _REFUSED:
        raise Wrong(f"{place}: GET {probe} with a token of nobody answered {without}, not 401 or 403")
    return f"appointed, let in at {probe}; nobody else is"


def people(bench: Bench) -> Iterator[Finding]:
    """Every action of ``People`` once, each needing those before; the first that fails ends the trial."""
    people = bench.target.people(http=bench.http, context=bench.context)
    contest = bench.scenario.contests[0]
    made: dict[str, str] = {}

    def sign_up() -> str:
        made["organizer"] = people.sign_up(name="Olga Organizer", email="olga@platform.test")
        made["player"] = people.sign_up(name="Paula Player", email="paula@platform.test")
        return f"user {made['player']}"

    def connect() -> str:
        account = people.connect_account(user_id=made["player"])
        if not account.startswith("acct_"):
            raise Wrong(f"connect_account returned {account!r}, not Stripe's acct_…")
        return account

    def create() -> str:
        made["contest"] = people.create_contest(organizer_id=made["organizer"], contest=contest_terms(contest))
        return f"contest {made['contest']}"

    def publish() -> str:
        people.publish_contest(organizer_id=made["organizer"], contest_id=made["contest"])
        return "published"

    def join() -> str:
        roster = bench.provider.player_ids(contest.tournament)[: contest.roster_size]
        people.join(user_id=made["player"], contest_id=made["contest"], roster=roster)
        return "joined"

    def pay() -> str:
        intent, client_secret = people.open_intent(
            user_id=made["player"], contest_id=made["contest"], amount_cents=contest.entry_fee_cents,
            idempotency_key="target-check",
        )  # fmt: skip
        paid = bench.twin.pay(reference=intent, client_secret=client_secret)
        return f"{paid} paid at Stripe"

    def charge() -> str:
        cast("ChargedThere", people).pay(
            user_id=made["player"], contest_id=made["contest"], amount_cents=contest.entry_fee_cents,
            payment_method=ANY_CARD, idempotency_key="target-check",
        )  # fmt: skip
        paid = bench.twin.intent_of(contest_id=made["contest"], user_id=made["player"])
        if paid is None:
            table = bench.choice.file.stripe.metadata
            raise Wrong(
                f"{bench.choice.file.place('stripe', 'metadata')}: it answered, and no payment intent at Stripe has "
                f"{table.contest!r} = {made['contest']!r} in its metadata and is of user {made['player']}\n"
                f"  there are: {_labels(bench)}\n  remedy: did it call Stripe (see its log)? Does [stripe.metadata] "
                "name its keys?"
            )
        return f"{paid} made and confirmed by the backend"

    def order() -> str:
        made["contest"] = cast("Buyers", people).order(
            user_id=made["player"], what=contest.name, amount_cents=contest.entry_fee_cents,
            idempotency_key="target-check-order",
        )  # fmt: skip
        bench.owners[made["contest"]] = made["player"]
        return f"order {made['contest']}"

    paying = ("pay", charge) if isinstance(people, ChargedThere) else ("open_intent", pay)
    of_contests = (
        ("sign_up", sign_up), ("connect_account", connect), ("create_contest", create),
        ("publish_contest", publish), ("join", join), paying,
    )  # fmt: skip
    of_orders = (("sign_up", sign_up), ("order", order), paying)
    for name, act in of_orders if bench.scenario.profile == "payments" else of_contests:
        began = len(bench.site.recorder.events)
        found = look(f"people {name}", act)
        yield _with_requests(found, bench.site.recorder.events[began:])
        if found.wrong is not None:
            return


def _labels(bench: Bench) -> str:
    """The metadata of the payment intents that there are."""
    return "; ".join(json.dumps(dict(one)) for one in bench.twin.intent_labels()) or "none"


def _with_requests(found: Finding, events: Sequence[Event]) -> Finding:
    """The same with what was asked of the backend for it; where it is wrong, with the whole of the last."""
    asked = [event for event in events if isinstance(event, Exchange) and event.actor in _PEOPLE]
    if not asked:
        nothing = "\n  it asked the backend nothing" if found.wrong is not None else ""
        return replace(found, wrong=found.wrong and found.wrong + nothing)
    if found.wrong is None:
        said = ", ".join(f"{event.method} {event.path} → {event.status}" for event in asked)
        return replace(found, said=f"{found.said} ({said})")
    last = asked[-1]
    told = (
        f"\n  asked: {last.method} {last.path} {shown(last.request_body)}".rstrip()
        + f"\n  answered: {last.status} {shown(last.response_body)}".rstrip()
        + "".join(f"\n  log: {line}" for line in last.log)
    )
    return replace(found, wrong=found.wrong + printable(told))


def shown(body: object) -> str:
    if isinstance(body, str):
        body = _title_of(body)
    return "" if body is None else json.dumps(body, ensure_ascii=False)[:_LONGEST_BODY]


def jobs(bench: Bench) -> Iterator[Finding]:
    """Three steps of time: a timer must wake, log or table must show a run of every job, and no failure."""
    kernel, recorder = bench.site.kernel, bench.site.recorder
    watch = bench.target.job_watch(kernel=kernel, recorder=recorder, is_stopped=lambda _: False)
    watch.start()
    bench.wal.collect()  # what people and admins did is no timer's
    began, calls = len(recorder.events), bench.traffic.calls.total()
    printed_before = bench.site.log.stat().st_size
    kernel.run_until(kernel.now + timedelta(seconds=bench.target.file.step_seconds * _STEPS_LIVED))
    bench.wal.collect()
    for job in bench.target.file.job:
        if job.run is not None and job.daily_at is not None:
            watch.run_now(job)  # its time may not come within so few steps
    watch.record_summaries()
    runs = {event.job: event.runs for event in recorder.events if isinstance(event, JobSummary)}
    failed = {event.job: event.error for event in recorder.events if isinstance(event, JobFailed)}
    printed = _lines_after(bench.site.log, printed_before)
    commits = sum(isinstance(event, Transaction) for event in recorder.events[began:])
    yield look("timers", lambda: _awake(bench, commits, bench.traffic.calls.total() - calls, printed))
    for number, job in enumerate(bench.target.file.job):
        by = "run" if job.run is not None else "seen_in_table" if job.seen_in_table is not None else "seen_in_log"
        place = bench.choice.file.place("job", number, by)
        name = next((name for name in runs if name.startswith(job.name)), None)
        if name is None:
            yield Finding(piece=f"job {job.name}", said=f"nobody can tell whether it ran: {job.unseen}")
        elif name in failed:
            yield Finding(piece=f"job {job.name}", wrong=f"{place}: it broke off: {failed[name]}")
        elif not runs[name] and job.daily_at is None:
            instead = _said(printed) if job.seen_in_table is None else ""
            wrong = f"{place}: {by} showed no run in {_STEPS_LIVED} steps{instead}"
            yield Finding(piece=f"job {job.name}", wrong=wrong)
        else:
            yield Finding(piece=f"job {job.name}", said=f"{plural(runs[name], 'run')} in {_STEPS_LIVED} steps")


def _awake(bench: Bench, commits: int, calls: int, printed: Sequence[str]) -> str:
    """Whether time that passes shows in anything that the backend does."""
    file = bench.target.file
    lived = f"{_STEPS_LIVED} steps of {file.step_seconds} s"
    to_be_seen = any(job.run is None and job.unseen is None for job in file.job)
    if not commits and not calls and not printed and to_be_seen:
        raise Wrong(
            f"{file.place_of(file.process[0])}: no timer of it woke: in {lived} it committed nothing, called "
            "nobody and printed nothing\n  remedy: are its jobs switched on by a variable, or started by cron or a "
            "queue that is not here? Is interval_seconds that of its timers?"
        )
    what = f"{plural(commits, 'transaction')}, {plural(calls, 'call')} of others, {plural(len(printed), 'line')} of log"
    return f"in {lived}: {what}"


def _lines_after(log: Path, position: int) -> list[str]:
    with open(log, "rb") as file:
        file.seek(position)
        return [printable(line) for line in file.read(_MOST_LOG_BYTES).decode(errors="replace").splitlines() if line]


def _said(printed: Sequence[str]) -> str:
    """What there is to match instead."""
    if not printed:
        return "; it printed nothing meanwhile"
    return "; it printed, does one of these mark a run?" + "".join(
        f"\n  {line[:_LONGEST_LINE]}" for line in dict.fromkeys(printed[:_LINES_SHOWN])
    )


def stripe(bench: Bench) -> str:
    """Nothing that it asks Stripe for may be unknown to the twin: checks that rest on it would be."""
    problems = bench.twin.problems
    if problems:
        asked = ", ".join(problem.partition(":")[0] for problem in problems)
        raise Wrong(
            f"{bench.choice.file.place('stripe')}: your backend asked Stripe for {asked}: not modelled\n"
            + "".join(f"  {problem}\n" for problem in problems)
            + "  remedy: where no money is concerned, write the answer that it gets as [[stripe.stub]]; else the "
            "checks of payments are unknown"
        )
    return _served(bench, STRIPE)


def provider(bench: Bench) -> str:
    """A provider that refuses all that it is asked for is asked in another dialect."""
    if bench.choice.file.profile == "payments":
        return "this business has none"
    refused, calls = bench.traffic.of(PROVIDER), bench.traffic.calls[PROVIDER]
    if refused and all(refusal.status == 404 for refusal in refused) and bench.choice.feed is None:
        raise Wrong(
            f"{bench.choice.file.place('provider')}: the score provider has no such path: "
            f"{', '.join(f'{refusal.method} {refusal.path}' for refusal in refused)}\n  remedy: say in a feed.py of "
            "the folder what your provider answers there (simulation/targets/process/feed_file.py)"
        )
    if bench.choice.feed is not None and bench.choice.feed.pushes:
        return _told_by_itself(bench)
    return _served(bench, PROVIDER) if calls else "it was not asked yet: no contest has begun"


def _told_by_itself(bench: Bench) -> str:
    """What the backend answered to what the provider told by itself."""
    told = [one for one in bench.site.recorder.events if isinstance(one, Exchange) and one.actor == "provider"]
    refused = [one for one in told if one.status >= _LEAST_REFUSAL]
    if refused and len(refused) == len(told):
        last = refused[-1]
        raise Wrong(
            f"{bench.choice.folder / FEED_FILE}:1: {last.method} {last.path} was answered {last.status} "
            f"{shown(last.response_body)}\n  remedy: is it the route, and are the headers those that it wants?"
        )
    return (
        f"{plural(len(told), 'request')} of its own, {plural(len(refused), 'refusal')}"
        if told
        else "it told nothing yet"
    )


def _served(bench: Bench, who: str) -> str:
    refused = bench.traffic.of(who)
    told = f"; refused: {'; '.join(map(str, refused))}" if refused else ", none refused"
    return f"{plural(bench.traffic.calls[who], 'call')}{told}"


def network(bench: Bench) -> str:
    strangers = sorted({event.host for event in bench.site.recorder.events if isinstance(event, HostRefused)})
    if strangers:
        raise Wrong(
            f"{bench.choice.file.place('stripe', 'hosts')}: it called {', '.join(strangers)}, which is refused\n"
            "  remedy: name it in [stripe] or [provider] hosts if it is one of them, else keep it from calling there"
        )
    return "it called nobody but Stripe, the score provider and the monitoring"
