"""The methods of the Bot API that the local messenger answers.

They never reach the chat page; they change the server's state.
"""
