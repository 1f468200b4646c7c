"""Results and notices on every channel: addresses, preferences, mail, text messages, bounces.

It never decides a case, and never sends what a customer switched off.
"""
