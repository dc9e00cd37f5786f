"""Conversations: messages, their gap-free sequence, and the single owner."""
