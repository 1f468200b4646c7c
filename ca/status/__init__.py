"""The status of certificates: revocation, CRL (RFC 5280), OCSP (RFC 6960), and the delegates that sign them.

It never issues a certificate to a customer.
"""
