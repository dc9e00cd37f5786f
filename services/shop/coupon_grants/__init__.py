"""Coupon grants: a new coupon given as a courtesy, by a person who may."""
