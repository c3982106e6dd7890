"""The hosting provider on which the platform runs, with its control API for services."""
