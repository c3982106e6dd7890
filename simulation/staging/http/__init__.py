"""The platform's HTTP interface: one blueprint for each audience."""
