"""Customers: who they are, their level, and the identity the shop signs for them."""
