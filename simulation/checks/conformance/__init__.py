"""Whether a platform wrote what its contract says: every row and column, held against what was seen from outside."""
