"""Seals: a signed statement about every file of a run's folder, so that a change made afterwards is found.

An in-toto statement (https://in-toto.io/Statement/v1) with the test-result predicate v0.1, in a DSSE envelope
(https://github.com/secure-systems-lab/dsse, protocol 1.0.0). Both are read by the tools of that world.
"""
