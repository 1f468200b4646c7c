"""The profiles that certificates are issued by: data in files beside this, and in a folder of the operator's own."""

from ca.profiles.catalogue import find, load
from ca.profiles.reading import Profile, ProfileWrong

__all__ = ["Profile", "ProfileWrong", "find", "load"]
