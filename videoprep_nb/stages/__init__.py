"""The stages, one function each, and their parameters."""
