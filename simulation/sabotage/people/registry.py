"""The entries of this family, filled by the modules beside it."""

from __future__ import annotations

from simulation.sabotage.registry import DefectRegistry

DEFECTS = DefectRegistry("people", how="person", scenario="quiet")
