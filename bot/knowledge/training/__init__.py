"""Trains the search on the articles, evaluates it, and checks the articles.

It never runs while a customer waits.
"""
