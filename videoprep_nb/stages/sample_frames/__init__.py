"""The stage sample_frames."""
