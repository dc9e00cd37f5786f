"""Tickets: faults of app and page that technicians look into."""
