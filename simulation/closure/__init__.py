"""``simulate closure``: whether the iteration may close, by its three gates, and what is missing if not.

Source: fixtures/spec/requirements.md, Closure gate.
"""
