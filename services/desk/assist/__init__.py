"""Assist: what helps an agent write: canned responses, suggested replies, and the wording rules as data."""
