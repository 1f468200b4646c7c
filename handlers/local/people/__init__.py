"""People in a chat, for tests: they type, press buttons and read what is on the screen.

They see only what a person sees.
"""
