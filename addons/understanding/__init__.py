"""Understanding of one customer message: plain form, entities, intents, emotion."""
