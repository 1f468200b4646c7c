"""Who is this: the bank's register of customers, the proofs of identity, and the limits on tries.

It never says to a customer whether a record exists.
"""
