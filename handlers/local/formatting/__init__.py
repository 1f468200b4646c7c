"""Entities, markup and keyboards, checked by the rules of the Bot API.

Knows nothing of chats or senders.
"""
