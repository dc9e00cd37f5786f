"""Products, their versions, stock and search."""
