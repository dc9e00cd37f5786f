"""Points: lots with an expiry date and the history of a balance."""
