"""Certificate profiles: data in files beside this, and in a folder of the operator's own.

A profile never names a person; that is the order's.
"""

from ca.profiles.catalogue import find, load
from ca.profiles.reading import Profile, ProfileWrong

__all__ = ["Profile", "ProfileWrong", "find", "load"]
