"""The stage select."""
