"""``simulate runbook lint``: what can be said of runbooks without carrying them out."""
