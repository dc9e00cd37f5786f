"""Agents: accounts, logins, presence and load."""
