"""Returns and exchanges: the rules, and applying for one."""
