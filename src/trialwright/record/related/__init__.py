"""Studies like a given one, with reasons."""
