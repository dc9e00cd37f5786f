"""Insight: what supervisors look at: the live wall and the reports, both plain functions of what is stored."""
