"""Attachments: photos, videos and documents that customers and agents send along with a message."""
