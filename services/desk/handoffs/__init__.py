"""Handoffs: the summary from the bot, the queue, claims, and what ends them."""
