"""Tracks scored against ground truth."""
