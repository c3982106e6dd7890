"""The staging platform running by itself, with its database and everything around it, for people at a terminal."""
