"""Entities, markup and keyboards, checked by the rules of the Bot API.

It never knows who sends a message.
"""
