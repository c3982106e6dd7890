"""The composition root: environment, target, world and witnesses of one run, wired to one clock and one history.

Read in the order in which a run is brought up: `request`, `foundation`, `external`, `platform`, `witnesses`, `people`;
`simulation` puts them together.
"""

from simulation.assembly.request import PREPARATION, RunRequest
from simulation.assembly.simulation import Simulation, assembled

__all__ = ["PREPARATION", "RunRequest", "Simulation", "assembled"]
