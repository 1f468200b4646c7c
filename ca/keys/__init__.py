"""The authority's keys: in encrypted files or in a PKCS#11 token.

A private key never leaves this wing.
"""
