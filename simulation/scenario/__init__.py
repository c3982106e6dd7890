"""Scenario files: their model, their rules, and the refusals with line, value and remedy.

:mod:`file` reads one; :mod:`model` and :mod:`faults` say what may stand in it; :mod:`rules`, and each kind of fault for
itself, hold its parts against each other.
"""
