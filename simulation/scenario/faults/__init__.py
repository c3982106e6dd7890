"""Kinds of faults: one class a kind, in a module for each family. ``simulate faults`` lists them.

To add a kind:

1. Its class into its family: ``kind``, its own fields, a docstring that says what happens, ``title``, ``origin``,
   ``recovery``, ``expects``, and whatever it does differently from its base: ``broken`` (when a scenario with it is
   refused), ``window`` (when it may strike), ``draw`` (for the swarm; ``drawn`` above all others). Then its name into
   the union at the family's end.
2. What it does: a ``mode`` that the Stripe twin or the score provider knows; or, for a kind that strikes by itself
   (``acts = True``), a function marked ``@carries_out`` in the family's module of ``simulation/world/faults``.
3. A test of what it does. ``tests/unit/faults/test_kinds.py`` asks of every kind that it says all there is to say;
   ``month_30d`` has a fault of every kind that it has room for, and ``tests/unit/faults/golden.json`` is recorded anew.
"""
