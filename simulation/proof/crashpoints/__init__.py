"""``simulate crashpoints``: the platform killed before and after every statement, each time in a run of its own."""
