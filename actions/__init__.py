"""Custom actions of the bot: one business noun a file; shop_api.py is the only module that does HTTP."""
