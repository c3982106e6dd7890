"""Go's ``text/template`` with Prometheus' functions: the texts of alerts."""
