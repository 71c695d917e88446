"""The record room: what a registry document says, section by section, and a study begun from it."""
