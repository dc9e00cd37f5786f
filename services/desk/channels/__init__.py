"""Channels: the sockets and HTTP routes through which customers and agents talk."""
