"""What a customer typed or sent: parsed, checked, or refused before it is stored.

It never keeps what it reads, and never puts it into an error.
"""
