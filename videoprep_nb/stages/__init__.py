"""The six stages, one function each, and their parameters."""
