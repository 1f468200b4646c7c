"""The Certificate Management Protocol (RFC 9810), in its lightweight profile (RFC 9483).

It never issues or revokes by itself: it asks the authority through one narrow port.
"""
