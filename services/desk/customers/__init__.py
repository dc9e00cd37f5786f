"""Customers: who they are (signed identity), masking, and what the shop knows about them."""
