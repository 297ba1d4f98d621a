"""The command line ``videoprep``."""
