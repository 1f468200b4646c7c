"""People, chats, files and updates, as the local messenger's server keeps them in memory.

It never knows HTTP.
"""
