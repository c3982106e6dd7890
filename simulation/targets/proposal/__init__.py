"""What ``simulate target init`` proposes for a backend, from the tables of its database."""
