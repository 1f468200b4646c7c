"""The chat page of the demo, with the customers' phones and mailboxes.

It never calls the bot: it changes the server's state as a person does.
"""
