"""Encryption of key files: the key derivation of PKCS#12 and the opening of PBES1 and PBES2.

It never knows what was encrypted.
"""
