"""Authorities in processes of their own, and the desk that issues through them."""
