"""Authorities in processes of their own, and the bot that issues through them."""
