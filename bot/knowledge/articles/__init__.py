"""Reads the articles that editors write, and fills in the bank's facts.

It never searches, and never changes a file.
"""
