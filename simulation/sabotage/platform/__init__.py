"""Defects of the staging platform, each one function replaced from outside: the one part here that imports it."""
