"""Sets the stage of one run: environment, target, world and witnesses, wired to one clock and one history.

Read in the order in which a run is brought up: :mod:`request`, :mod:`ground`, :mod:`outside`, :mod:`front`,
:mod:`witnesses`, :mod:`people`; :mod:`whole` puts them together.
"""

from simulation.assembly.request import PREPARATION, RunRequest
from simulation.assembly.simulation import Simulation, assembled

__all__ = ["PREPARATION", "RunRequest", "Simulation", "assembled"]
