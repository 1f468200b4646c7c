"""Health, readiness and metrics, and the web server that carries them.

It never changes a row, and never shows anything about one customer.
"""
