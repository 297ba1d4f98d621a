"""The stage extract_frames."""
