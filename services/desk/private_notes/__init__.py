"""Private notes: what agents write to each other in a conversation, never seen by the customer or the bot."""
