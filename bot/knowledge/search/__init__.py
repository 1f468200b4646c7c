"""From a customer's text to ranked topics.

It never keeps a text: only digests and counts leave it.
"""
