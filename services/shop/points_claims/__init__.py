"""Points claims: points of an order that a customer misses."""
