"""The commands that do one thing and end: the register, the embedded authority, the knowledge base."""
