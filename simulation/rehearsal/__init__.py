"""``simulate runbook test``: every runbook is rehearsed in three ways, each in its own run."""
