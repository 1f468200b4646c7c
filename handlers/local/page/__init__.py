"""The chat page of the demo, and the customers' phones and mailboxes beside it.

It never calls the bot: it changes the server's state as a person would.
"""
