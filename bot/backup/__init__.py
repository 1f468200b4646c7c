"""Backs up the bot and its authority into one file, and restores them.

It never copies a key, and never overwrites existing data.
"""
