"""``simulate sweep``: every kind of fault, over the edges of its parameters."""
