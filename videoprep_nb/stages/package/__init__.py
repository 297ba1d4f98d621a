"""The stage package."""
