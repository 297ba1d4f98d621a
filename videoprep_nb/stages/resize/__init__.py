"""The stage resize."""
