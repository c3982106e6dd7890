"""``simulate runbook lint``: rules that runbooks must meet, checked without carrying them out."""
