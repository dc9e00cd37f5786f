"""Undos: a customer takes back a return, an exchange or a cancellation."""
