"""Routing: which agent is asked to take which waiting customer, and what must not wait for anybody."""
