"""The Certificate Management Protocol (RFC 9810), in its lightweight profile (RFC 9483)."""
