"""Any backend as a target: an unmodified program in a process of its own.

A target is a folder of the user's. It holds

- ``target.toml``: how the backend is started and what it believes in; every key is described in
  :mod:`simulation.targets.process.target_file`, and ``simulate target init`` writes a commented one;
- ``observe.sql``: the named queries that give the canonical relations of :mod:`simulation.targets.protocol`;
- ``people.py``, only where the HTTP interface differs from the staging platform's: a class ``People`` with the methods
  of :class:`simulation.targets.protocol.People`, made with one ``httpx.Client`` (``People(http)``). A method sends one
  or two requests through it and raises ``httpx.HTTPStatusError`` (``answer.raise_for_status()``) when it is refused.
"""

from __future__ import annotations
