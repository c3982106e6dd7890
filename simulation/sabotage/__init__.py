"""Planted defects: proof that the jury can fail a run. Only ``simulate sabotage`` and tests import this package."""
