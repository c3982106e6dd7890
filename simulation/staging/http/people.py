"""Endpoints of organizers and entrants."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from flask import Response, jsonify
from flask_openapi.blueprint import APIBlueprint
from pydantic import Field, JsonValue

from simulation.staging import lifecycle
from simulation.staging.access import users
from simulation.staging.canonical import iso
from simulation.staging.contests import contests
from simulation.staging.contests.terms import Terms, check_entries, check_payout_structure
from simulation.staging.errors import ApiError
from simulation.staging.http.admission import caller
from simulation.staging.http.api import Api
from simulation.staging.http.declaration import (
    CONTEST,
    LARGEST_INTEGER,
    NAMED,
    SENT,
    USER,
    Answer,
    Body,
    Cents,
    Count,
    Document,
    Done,
    OfContest,
    OfUser,
    Reasoned,
    Text,
    Times,
    answers,
)
from simulation.staging.money import currencies, refund_requests, withdrawals

_NOT_ONESELF = {403: ("forbidden",), 404: ("user_not_found",)}
_NOT_ORGANIZER = {403: ("forbidden",)}
_NOT_NOW = {409: ("transition_not_allowed",)}


class ScoringRules(Body):
    roster_size: Count
    missed_round_strokes: Count


NumberOrNone = Annotated[int, Field(strict=True, ge=0, le=LARGEST_INTEGER)]


class CreateContest(Times):
    contest_name: Text
    currency: Text = currencies.USD
    """ISO 4217. Amounts are in its smallest unit."""
    entry_fee_cents: Cents
    payout_structure: dict[str, JsonValue]
    """Percent of the pool by place, ``{"1": 70, "2": 30}``."""
    max_entries: Count
    min_entries: NumberOrNone = 0
    """Fewer at the lock cancel it."""
    guaranteed_pool_cents: Cents = 0
    """The pool at least; the platform adds what the entry fees lack."""
    provider_event_id: Text
    scoring: ScoringRules

    def terms(self) -> Terms:
        """Raises 400 `invalid_payout_structure`, `invalid_entries`, `unknown_currency`, `amount_not_payable`."""
        structure: dict[str, object] = dict(self.payout_structure)
        check_payout_structure(structure)
        check_entries(self.min_entries, self.max_entries)
        currency = currencies.known(self.currency)
        currencies.check_amount("entry_fee_cents", self.entry_fee_cents, currency)
        return Terms(
            contest_name=self.contest_name,
            currency=currency,
            entry_fee_cents=self.entry_fee_cents,
            payout_structure=structure,
            max_entries=self.max_entries,
            min_entries=self.min_entries,
            guaranteed_pool_cents=self.guaranteed_pool_cents,
            provider_event_id=self.provider_event_id,
            scoring=self.scoring.model_dump(),
            schedule=self.schedule(),
        )


class Join(Body):
    roster: Annotated[Document, Field(description="as many different player ids as the contest asks for")] = None


class ConnectedAccount(Answer):
    stripe_connected_account_id: str


class CreatedContest(Answer):
    contest_instance_id: UUID
    status: str


class PublishedContest(CreatedContest):
    published: bool


class JoinedContest(Answer):
    contest_instance_id: UUID
    user_id: UUID
    joined_at: datetime


class LeftContest(Answer):
    contest_instance_id: UUID
    user_id: UUID
    withdrawn_at: datetime
    refunds_requested: int


class AskedRefund(Answer):
    refund_request_id: UUID
    status: str


class CancelledByOrganizer(CreatedContest):
    refunds_requested: int


def add(routes: APIBlueprint, api: Api) -> None:
    """Users and contests before they begin."""
    _add_users(routes, api)
    _add_organizing(routes, api)
    _add_entering(routes, api)


def _add_users(routes: APIBlueprint, api: Api) -> None:
    runtime = api.runtime
    no_stripe = {502: ("STRIPE_API_ERROR",)}

    @routes.post(
        "/api/users/<uuid:user_id>/connected-account",
        responses=answers(ConnectedAccount, USER, NAMED, _NOT_ONESELF, no_stripe),
    )
    def connect_account(path: OfUser) -> Response:
        context = caller()
        if context.actor != path.user_id:
            raise ApiError(403, "forbidden", "only the user may do this")
        return jsonify(stripe_connected_account_id=users.connect_account(runtime, context, path.user_id))

    @routes.delete("/api/users/<uuid:user_id>", responses=answers(Done, USER, NAMED, _NOT_ONESELF))
    def delete_user(path: OfUser) -> Response:
        context = caller()
        if context.actor != path.user_id:
            raise ApiError(403, "forbidden", "only the user may do this")
        users.delete(runtime, context, path.user_id)
        return jsonify(success=True)


def _add_organizing(routes: APIBlueprint, api: Api) -> None:
    runtime, contest = api.runtime, "/api/custom-contests/<uuid:contest_id>"
    bad_terms = {400: ("invalid_payout_structure", "invalid_schedule", "invalid_entries")}
    organizing = (USER, NAMED, CONTEST, _NOT_ORGANIZER)

    @routes.post("/api/custom-contests", responses=answers(CreatedContest, USER, SENT, bad_terms, status=201))
    def create_contest(body: CreateContest) -> tuple[Response, int]:
        contest_id = contests.create(runtime, caller(), body.terms())
        return jsonify(contest_instance_id=str(contest_id), status="SCHEDULED"), 201

    not_publishable = {409: ("contest_not_publishable",)}

    @routes.post(f"{contest}/publish", responses=answers(PublishedContest, *organizing, not_publishable))
    def publish(path: OfContest) -> Response:
        contests.publish(runtime, caller(), path.contest_id)
        return jsonify(contest_instance_id=str(path.contest_id), status="SCHEDULED", published=True)

    early = {409: ("lock_time_not_reached", "too_few_entries")}

    @routes.post(f"{contest}/lock", responses=answers(CreatedContest, *organizing, SENT, _NOT_NOW, early))
    def lock(path: OfContest, body: Reasoned) -> Response:
        lifecycle.force_lock(runtime, caller(), path.contest_id, body.reason, organizer_only=True)
        return jsonify(contest_instance_id=str(path.contest_id), status="LOCKED")

    @routes.post(f"{contest}/cancel", responses=answers(CancelledByOrganizer, *organizing, SENT, _NOT_NOW))
    def cancel(path: OfContest, body: Reasoned) -> Response:
        refunds = lifecycle.cancel(runtime, caller(), path.contest_id, body.reason, organizer_only=True)
        return jsonify(contest_instance_id=str(path.contest_id), status="CANCELLED", refunds_requested=refunds)


def _add_entering(routes: APIBlueprint, api: Api) -> None:
    runtime, contest = api.runtime, "/api/custom-contests/<uuid:contest_id>"
    not_open = {400: ("invalid_roster",), 409: ("contest_not_open", "contest_full", "already_joined", "contest_left")}

    @routes.post(f"{contest}/join", responses=answers(JoinedContest, USER, NAMED, SENT, CONTEST, not_open))
    def join(path: OfContest, body: Join) -> Response:
        context = caller()
        joined_at = contests.join(runtime, context, path.contest_id, body.roster)
        return jsonify(contest_instance_id=str(path.contest_id), user_id=str(context.actor), joined_at=iso(joined_at))

    bound = {403: ("not_a_participant",), 409: ("contest_not_open",)}

    @routes.post(f"{contest}/leave", responses=answers(LeftContest, USER, NAMED, CONTEST, bound))
    def leave(path: OfContest) -> Response:
        context = caller()
        left = withdrawals.leave(runtime, context, path.contest_id)
        return jsonify(
            contest_instance_id=str(path.contest_id),
            user_id=str(context.actor),
            withdrawn_at=iso(left.withdrawn_at),
            refunds_requested=left.refunds_requested,
        )

    refused = {403: ("not_a_participant",), 409: ("nothing_to_refund",)}

    @routes.post(
        f"{contest}/refund-request", responses=answers(AskedRefund, USER, NAMED, SENT, CONTEST, refused, status=201)
    )
    def ask_for_refund(path: OfContest, body: Reasoned) -> tuple[Response, int]:
        request_id, status = refund_requests.create(runtime, caller(), path.contest_id, body.reason)
        return jsonify(refund_request_id=str(request_id), status=status), 201
