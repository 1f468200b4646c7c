"""Fits the search to the articles and measures how well it finds.

It never runs while a customer waits.
"""
