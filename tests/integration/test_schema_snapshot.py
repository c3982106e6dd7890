"""The committed schema snapshot is what the migrations make: drift would make a rollback uncertain."""

from __future__ import annotations

from simulation.environment.protocol import Database
from simulation.paths import SCHEMA_SNAPSHOT
from simulation.promotion.snapshot import schema_of, without_header

RUNBOOK_EXECUTIONS = """\
CREATE TABLE public.runbook_executions (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    runbook_name text NOT NULL,
    runbook_version text NOT NULL,
    executed_by text NOT NULL,
    status text NOT NULL,
    execution_phase text,
    phase_step integer,
    start_time timestamp with time zone DEFAULT now() NOT NULL,
    end_time timestamp with time zone,
    duration_seconds integer,
    result_json jsonb,
    error_reason text,
    system_state_before jsonb,
    system_state_after jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT runbook_executions_duration_seconds_check CHECK ((duration_seconds >= 0)),
    CONSTRAINT runbook_executions_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'in_progress'::text, \
'completed'::text, 'failed'::text, 'partial'::text])))
);
"""
"""The specification's DDL (06A), as pg_dump spells it."""


def test_the_snapshot_is_what_the_migrations_make(database: Database) -> None:
    assert without_header(schema_of(database)) == without_header(SCHEMA_SNAPSHOT.read_text()), "run: make snapshot"


def test_runbook_executions_is_the_specifications_table_to_the_letter() -> None:
    assert RUNBOOK_EXECUTIONS in SCHEMA_SNAPSHOT.read_text()


def test_runbook_executions_has_the_specifications_indexes() -> None:
    snapshot = SCHEMA_SNAPSHOT.read_text()
    for column in ("created_at", "runbook_name", "status"):
        index = f"idx_runbook_executions_{column} ON public.runbook_executions USING btree ({column});"
        assert f"CREATE INDEX {index}" in snapshot
