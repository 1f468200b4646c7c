"""Requests and keys that others send, read with suspicion (RFC 2986).

It never signs and never stores.
"""
