"""The stage generate_proposals."""
