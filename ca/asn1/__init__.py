"""DER, and the algorithms of the Korean profile: SEED, PBES2, the VID (RFC 4269, RFC 8018, KCAC.TS.SIVID).

It never knows what a certificate is for.
"""
