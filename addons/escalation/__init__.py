"""Decides, from the conversation alone, when a person has to take over."""
