"""Parcels and their tracks."""
