"""Refunds: money on its way back."""
