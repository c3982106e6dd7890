"""The staging platform as a target in this process: the one place that imports it."""

from __future__ import annotations

from simulation.targets.builtin.choice import BuiltinChoice
from simulation.targets.builtin.target import BuiltinTarget, load_schema, migration_versions, provider_url_from

__all__ = ["BuiltinChoice", "BuiltinTarget", "load_schema", "migration_versions", "provider_url_from"]
