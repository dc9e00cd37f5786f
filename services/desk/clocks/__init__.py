"""Clocks: business time, and how the next opening is said."""
