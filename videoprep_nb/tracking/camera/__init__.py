"""How the camera moves, and the cuts of a video."""
