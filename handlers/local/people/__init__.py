"""People in a chat, for tests: they type, press buttons and read what is on the screen.

They never see more than a person sees.
"""
