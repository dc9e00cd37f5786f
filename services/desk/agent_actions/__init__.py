"""Agent actions: what agents have done in the shop for the customer of their conversation, and the record of it."""
