"""Starts Baton on one machine: checks, secrets, model, the processes and their health."""
