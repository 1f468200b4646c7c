"""Entities, markup and keyboards, checked by the rules of the Bot API.

Never knows the chat or the sender.
"""
