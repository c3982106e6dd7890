"""Defects of ingestion: how the provider's answers are fetched and stored."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import text

from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.sabotage.superuser import superuser
from simulation.staging.canonical import canonical_json
from simulation.staging.scores import poller, store
from simulation.staging.settlement import score_audit

DEFECTS = DefectRegistry("scores", scenario="scores")


@DEFECTS.sabotage(
    "ingestion_errors_logged",
    origin="a broad except around the parser: the next poll will bring it",
)
def invalid_payload_swallowed(patches: Patches) -> None:
    """A payload that cannot be read leaves no trace."""

    def make(real: Any) -> Any:
        def ingest(runtime: Any, context: Any, feed: Any, payload: Any) -> Any:
            _, _, errors = poller._read(runtime, feed, payload)
            if not errors:
                return real(runtime, context, feed, payload)
            patches.trigger()
            return 0

        return ingest

    patches.replace(poller, "_ingest", make)


@DEFECTS.sabotage(
    "ingestion_errors_logged",
    origin="timeouts counted as normal: they happen all the time",
)
def outage_without_a_record(patches: Patches) -> None:
    """An outage of the provider leaves no ingestion error."""

    def make(_real: Any) -> Any:
        def record_outage(runtime: Any, _context: Any, feed: Any, failure: Any) -> None:
            patches.trigger()
            store.record_feed_failure(runtime, feed.provider_event_id, failure.error_code)

        return record_outage

    patches.replace(poller, "_record_outage", make)


@DEFECTS.sabotage(
    "values_as_declared",
    origin="the loop's variable shadowed: every row of the batch has the first one's key",
    scenario="shared_tournament",
)
def outage_recorded_for_one_contest_only(patches: Patches) -> None:
    """Of contests that wait for one tournament, the first gets the rows of them all when the provider fails."""

    def make(real: Any) -> Any:
        def record_outage(runtime: Any, context: Any, feed: Any, failure: Any) -> None:
            if len(feed.contest_ids) < 2:
                real(runtime, context, feed, failure)
                return
            patches.trigger()
            same = [feed.contest_ids[0]] * len(feed.contest_ids)
            real(runtime, context, SimpleNamespace(**{**feed._mapping, "contest_ids": same}), failure)

        return record_outage

    patches.replace(poller, "_record_outage", make)


@DEFECTS.sabotage(
    "append_only",
    "ingestion_automatic",
    origin="an upsert by contest: a corrected board overwrites the one it corrects",
    scenario="quiet",
)
def correction_by_edit(patches: Patches) -> None:
    """A new board overwrites the last event instead of being added."""

    def make(real: Any) -> Any:
        def store_event(work: Any, contest_id: Any, **event: Any) -> Any:
            overwrite = text("""
                UPDATE ingestion_events SET provider_data_json = CAST(:data AS jsonb), payload_hash = :payload_hash,
                    is_terminal = :is_terminal
                WHERE id = (SELECT id FROM ingestion_events WHERE contest_instance_id = :contest_id
                            ORDER BY sequence_number DESC LIMIT 1) AND payload_hash <> :payload_hash RETURNING id""")
            if event["errors"] or not work.write(
                overwrite,
                data=canonical_json(event["data"]),
                payload_hash=event["payload_hash"],
                is_terminal=event["is_terminal"],
                contest_id=contest_id,
            ):
                return real(work, contest_id, **event)
            patches.trigger()
            return True

        return store_event

    patches.when_assembled(
        lambda sim: superuser(
            sim,
            "GRANT UPDATE ON ingestion_events TO platform",
            "ALTER TABLE ingestion_events DISABLE TRIGGER USER",
        )
    )
    patches.replace(store, "store_event", make)


@DEFECTS.sabotage(
    "ingestion_automatic",
    origin="a rate limit that turned a five-minute poll into a few polls a day",
    scenario="quiet",
)
def boards_never_fetched(patches: Patches) -> None:
    """The poller asks only every eight hours; the boards in between are never seen."""

    def make(real: Any) -> Any:
        def run(*arguments: Any) -> Any:
            now = datetime.now(UTC)
            if now.hour % 8 == 6 and now.minute < 10:
                return real(*arguments)
            patches.trigger()
            return poller.PollResult()

        return run

    patches.replace(poller, "run", make)


@DEFECTS.sabotage(
    "ingestion_automatic",
    "faults_recovered",
    origin="a poller that is done with a contest once it is settled: nobody asks again",
    scenario="correction",
)
def corrections_never_asked_for(patches: Patches) -> None:
    """The provider is not asked any more once every contest of a tournament is settled."""

    def make(real: Any) -> Any:
        def poll_feed(runtime: Any, context: Any, feed: Any) -> Any:
            settled = text("""
                SELECT count(settle_time) = count(*) AS every FROM contest_instances WHERE provider_event_id = :id""")
            if not runtime.database.read(settled, id=feed.provider_event_id)[0].every:
                return real(runtime, context, feed)
            patches.trigger()
            store.record_feed_success(runtime, feed.provider_event_id, feed.etag)
            return 0

        return poll_feed

    patches.replace(poller, "poll_feed", make)


@DEFECTS.sabotage(
    "append_only",
    "scores_applied",
    "expected_prizes",
    origin="a job that keeps results in step with the feed, written by somebody who did not know that they are final",
    scenario="correction",
)
def correction_rewrites_the_settlement(patches: Patches) -> None:
    """A correction after the settlement changes the settled scores."""

    def make(real: Any) -> Any:
        def examine(runtime: Any, context: Any, contest: Any) -> Any:
            differs = real(runtime, context, contest)
            if differs:
                with runtime.unit_of_work(
                    context,
                    action="results_updated",
                    reason="the provider says otherwise",
                    entity=("contest", contest.id),
                ) as work:
                    work.write(rewrite, id=contest.id)
                patches.trigger()
            return differs

        return examine

    rewrite = text("""
        UPDATE settlement_records r SET results = jsonb_set(results, '{rankings}', (
            SELECT jsonb_agg(jsonb_set(one, '{score}', coalesce((
                SELECT d -> 'corrected' FROM score_audits a, jsonb_array_elements(a.differences) d
                WHERE a.contest_instance_id = r.contest_instance_id AND d ->> 'user_id' = one ->> 'user_id'),
                one -> 'score')))
            FROM jsonb_array_elements(results -> 'rankings') one))
        WHERE contest_instance_id = :id""")
    patches.when_assembled(
        lambda sim: superuser(
            sim,
            "GRANT UPDATE ON settlement_records TO platform",
            "ALTER TABLE settlement_records DISABLE TRIGGER USER",
        )
    )
    patches.replace(score_audit, "_examine", make)
