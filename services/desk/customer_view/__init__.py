"""What an agent may look up about the customer of a conversation: an order's course, tickets, earlier contacts."""
