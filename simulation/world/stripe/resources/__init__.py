"""The twin's endpoints, one resource a module. Each endpoint checks everything before it changes anything."""
