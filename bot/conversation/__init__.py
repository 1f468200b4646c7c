"""The conversation: the flow on one page, the case, and `decide`, which says what an event means for a case.

It is pure but for the table that keeps a case, and never knows a messenger, a clock or the authority.
"""
