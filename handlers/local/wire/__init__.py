"""The Bot API's JSON as the local messenger speaks it: shapes, limits and planned faults.

It never knows what a chat holds.
"""
