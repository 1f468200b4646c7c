"""One module for each command.

It never holds a rule of its own: a command reads arguments, calls a wing, and prints.
"""
