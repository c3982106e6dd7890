"""The contract of a target: what a platform must write, and from where one knows it. Only the jury reads it."""
