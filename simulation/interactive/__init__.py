"""The staging platform standing by itself, with its database and its surroundings, for people at a terminal."""
