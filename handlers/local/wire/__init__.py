"""The Bot API's JSON as the local messenger speaks it: shapes, limits and planned faults.

Never knows a chat.
"""
