"""The port to a certificate authority, the embedded authority behind it, and the files that a customer gets.

It never knows the conversation: it is given an applicant and returns a certificate or a refusal.
"""
