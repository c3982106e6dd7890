"""The jury's checks: properties over the history. They ask no platform and import none of the world."""
