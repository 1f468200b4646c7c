"""What is said, without a channel: screens, outgoing messages, catalogs, Korean particles, masking.

It never knows which messenger sends a message, or why it is sent.
"""
