"""People, chats, files and updates, as the server stores them in memory.

Never knows HTTP.
"""
