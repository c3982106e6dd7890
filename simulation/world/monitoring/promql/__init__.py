"""PromQL, evaluated as Prometheus does; ``expression.compile_expression`` is the way in."""
