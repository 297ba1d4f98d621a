"""How videos come in."""
