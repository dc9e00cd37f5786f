"""What Rasa loads by dotted path: understanding, escalation, the input channel."""
