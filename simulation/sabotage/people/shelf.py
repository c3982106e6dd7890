"""The entries of this family, filled by the modules beside it."""

from __future__ import annotations

from simulation.sabotage.registry import Registry

SHELF = Registry("people", how="person", scenario="quiet")
