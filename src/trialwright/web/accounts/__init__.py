"""Logins, and the persons of a study that they stand for."""
