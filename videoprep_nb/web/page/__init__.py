"""The page: hand in videos, follow jobs, read reports, fetch packages."""
