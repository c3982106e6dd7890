"""The jury's checks: properties of a recorded history. They call no platform and import none of the simulated world."""
