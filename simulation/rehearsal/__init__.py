"""``simulate runbook test``: every runbook carried out in three ways, each a run of its own."""
