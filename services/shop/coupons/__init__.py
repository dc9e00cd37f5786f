"""Coupons of a customer and their state."""
