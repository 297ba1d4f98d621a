"""The way back: what annotators exported becomes training data."""
