"""Kinds of faults: one class a kind, in a module for each family; :mod:`registry` knows them all.

``simulate faults`` lists them.
"""
