"""The Django project: one folder of views and templates for each room, and nothing that decides."""
