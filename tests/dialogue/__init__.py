"""Conversations with the trained model."""
