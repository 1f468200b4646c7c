"""The conversation and the desk behind it. Knows no messenger: `handlers/` brings events in and carries screens out."""
