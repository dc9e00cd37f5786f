"""Search over conversations: what an agent may see, by the customer, an order, a phone ending, or words."""
