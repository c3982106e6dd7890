"""The contract of a target: what a platform must write, and how that is known from outside. Only the jury reads it."""
