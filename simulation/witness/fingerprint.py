"""What must not change during the absence: code, environment variables, configuration, grants, schema, runbooks.

Each is recorded as a version number that starts at 1 and increases with every change seen, so that the histories of two
runs are equal although temporary paths and secrets differ.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

from simulation.events import Fingerprint
from simulation.history import Recorder
from simulation.witness.observer import Observer

_SETTINGS = """
SELECT coalesce(string_agg(name || '=' || coalesce(setting, ''), E'\\n' ORDER BY name), '') AS text
FROM pg_settings WHERE source NOT IN ('client', 'session', 'override')"""
_GRANTS = """
SELECT (SELECT coalesce(string_agg(relname || ' ' || coalesce(relacl::text, ''), E'\\n' ORDER BY relname), '')
          FROM pg_class WHERE relnamespace = 'public'::regnamespace)
    || (SELECT coalesce(string_agg(attrelid::regclass || '.' || attname || ' ' || attacl::text, E'\\n'
          ORDER BY attrelid::regclass::text, attname), '') FROM pg_attribute WHERE attacl IS NOT NULL)
    || (SELECT coalesce(string_agg(rolname || ' ' || rolsuper || rolcanlogin || rolcreaterole || rolreplication, E'\\n'
          ORDER BY rolname), '') FROM pg_roles)
    || (SELECT coalesce(string_agg(roleid::regrole || ' ' || member::regrole, E'\\n' ORDER BY roleid, member), '')
          FROM pg_auth_members) AS text"""
_SCHEMA = """
SELECT (SELECT coalesce(string_agg(table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' '
          || coalesce(column_default, ''), E'\\n' ORDER BY table_name, ordinal_position), '')
          FROM information_schema.columns WHERE table_schema = 'public')
    || (SELECT coalesce(string_agg(tgrelid::regclass || ' ' || tgname || ' ' || tgenabled::text, E'\\n'
          ORDER BY tgrelid::regclass::text, tgname), '') FROM pg_trigger WHERE NOT tgisinternal)
    || (SELECT coalesce(string_agg(proname || ' ' || md5(prosrc), E'\\n' ORDER BY proname, prosrc), '')
          FROM pg_proc WHERE pronamespace = 'public'::regnamespace)
    || (SELECT coalesce(string_agg(indexdef, E'\\n' ORDER BY indexname), '')
          FROM pg_indexes WHERE schemaname = 'public')
    || (SELECT coalesce(string_agg(conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid), E'\\n'
          ORDER BY conrelid::regclass::text, conname), '')
          FROM pg_constraint WHERE connamespace = 'public'::regnamespace) AS text"""


class Deployed(Protocol):
    """What a target reports about its own deployment; see :class:`simulation.targets.protocol.Target`."""

    def configuration(self) -> Mapping[str, str]: ...

    def code_files(self) -> Sequence[Path]: ...


class FingerprintWitness:
    """Takes the fingerprints of one run; all cover the same things, so that they can be compared."""

    def __init__(self, *, target: Deployed, observer: Observer, runbooks: Iterable[Path], recorder: Recorder) -> None:
        self._target = target
        self._observer = observer
        self._runbooks = tuple(runbooks)
        self._recorder = recorder
        self._seen: dict[str, list[str]] = {}

    def take(self, moment: Literal["start", "during", "end"]) -> None:
        """Examine everything now and record the versions."""
        variables = {**os.environ, **self._target.configuration()}
        self._recorder.record(
            Fingerprint(
                moment=moment,
                code=self._version("code", _files(self._target.code_files())),
                environment_variables=self._version("environment", _variables(variables)),
                database_configuration=self._version("configuration", self._text(_SETTINGS)),
                database_grants=self._version("grants", self._text(_GRANTS)),
                database_schema=self._version("schema", self._text(_SCHEMA)),
                runbooks=self._version("runbooks", _files(self._runbooks)),
            ),
            cause="monitor",
        )

    def _version(self, subject: str, text: str) -> str:
        versions = self._seen.setdefault(subject, [])
        digest = hashlib.sha256(text.encode()).hexdigest()
        if not versions or versions[-1] != digest:
            versions.append(digest)
        return f"version {len(versions)}"

    def _text(self, query: str) -> str:
        return str(self._observer.one(query)["text"])


def _files(paths: Iterable[Path]) -> str:
    return "\n".join(
        f"{path} {hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else 'gone'}" for path in paths
    )


def _variables(variables: Mapping[str, str]) -> str:
    return "\n".join(f"{name}={value}" for name, value in sorted(variables.items()))
