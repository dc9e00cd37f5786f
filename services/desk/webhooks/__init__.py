"""Webhooks: other helpdesks are told what happens to handoffs."""
