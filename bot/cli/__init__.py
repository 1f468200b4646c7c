"""Has one module for each command.

It never holds a business rule: a command reads arguments, calls another package, and prints.
"""
