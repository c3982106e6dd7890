"""Promotion to production: the specification's seven checks.

Source: fixtures/spec/requirements.md, Environment promotion.
"""
