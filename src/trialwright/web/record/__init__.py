"""Public pages of the record room."""
