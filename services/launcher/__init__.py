"""Starts Baton on one machine: checks, secrets, model, the four processes and their health."""
