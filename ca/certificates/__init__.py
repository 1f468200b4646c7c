"""The to-be-signed bytes of a certificate (RFC 5280), and the lint over them.

It never signs and never stores.
"""
