"""Enrolments: who may ask for a certificate, and until when.

It never signs.
"""
