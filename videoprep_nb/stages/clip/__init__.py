"""The stage clip."""
