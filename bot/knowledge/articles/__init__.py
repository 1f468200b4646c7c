"""Articles as people write them: read, filled with the bank's facts, and checked.

It never searches, and never changes a file.
"""
