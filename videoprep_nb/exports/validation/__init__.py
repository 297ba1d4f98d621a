"""Checks of a finished package, independent of the code that writes it."""
