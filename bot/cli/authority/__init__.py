"""The commands `reissue-bot ca` and `reissue-bot audit`, for the embedded authority.

They never talk to an authority outside, except `ca adopt`.
"""
