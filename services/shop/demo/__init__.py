"""Deterministic demo data, relative to the hour of seeding."""
