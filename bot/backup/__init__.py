"""A backup of the bot and its authority in one file, and the way back from it.

It never copies a key, and never restores over something that is there.
"""
