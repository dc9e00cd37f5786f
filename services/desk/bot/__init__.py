"""The bot: the client to Rasa and the runner that takes each waiting message to it."""
