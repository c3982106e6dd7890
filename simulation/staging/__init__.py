"""The staging contest platform: a Flask application, its jobs and its schema. Knows nothing of what runs it."""
