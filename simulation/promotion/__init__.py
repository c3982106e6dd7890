"""Promotion to production: the specification's seven checks, each a command of its own.

Source: fixtures/spec/requirements.md, Environment promotion.
"""
