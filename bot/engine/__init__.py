"""One event, one transaction: the case service, the jobs, the sender, the rate limit, retention.

It never knows which messenger it serves; it is given one behind a port.
"""
