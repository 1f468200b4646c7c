"""The methods of the Bot API that the local messenger answers.

They change the server's state and never reach the chat page.
"""
