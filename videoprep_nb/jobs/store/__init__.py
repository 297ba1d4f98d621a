"""What the service remembers of its jobs, in SQLite."""
