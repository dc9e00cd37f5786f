"""Ratings: the one question after a conversation was resolved."""
