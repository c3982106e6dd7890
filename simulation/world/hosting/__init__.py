"""Where the platform runs, as its operator knows it: a hosting provider with a control API for services."""
