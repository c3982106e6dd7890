"""The composition root: connects environment, target, world and witnesses of one run to one clock and one history.

The modules in the order in which a run is brought up: `request`, `foundation`, `external`, `platform`, `witnesses`,
`people`; `simulation` calls them.
"""

from simulation.assembly.request import PREPARATION, RunRequest
from simulation.assembly.simulation import Simulation, assembled

__all__ = ["PREPARATION", "RunRequest", "Simulation", "assembled"]
