"""Modifications: a customer changes recipient, version or note of a placed order."""
