"""Values of the authority: certificates, orders, refusals, serial numbers, validity.

They never touch a key or a file, except the helper that writes a whole file.
"""
