"""The Bot API over HTTP: the transport for python-telegram-bot, calls, and updates as they arrive.

It never knows a screen, an event or a case.
"""
