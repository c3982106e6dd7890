"""Promotion to production: the specification's seven checks, each a command of its own (06B, Environment Promotion)."""
