"""Whether a platform wrote what its contract says: every row and column, compared with what witnesses saw."""
