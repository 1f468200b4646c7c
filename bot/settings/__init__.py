"""The settings, read from the environment or `.env` into one frozen value for each concern.

It never opens a file or a connection that a setting names; the wing that uses a setting does.
"""
