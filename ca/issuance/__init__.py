"""One certificate, in an order of steps that survives a crash at any of them.

It never decides who may have a certificate; the registrar does.
"""
