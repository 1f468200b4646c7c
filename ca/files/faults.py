"""What can be wrong with a file that somebody brings: each fault is told apart, since each has another remedy."""


class FileFault(Exception):
    """The file cannot be used. The message is for logs and engineers; it never holds what was in the file."""


class WrongKeyPassword(FileFault):
    """The password is not this file's: try another."""


class FileBroken(FileFault):
    """Damaged or cut off: no password would open it, so copy it anew."""


class TooBig(FileBroken):
    """Larger, or costlier to open, than any honest file of its kind."""


class WrongKind(FileBroken):
    """A file, but not of the kind that was asked for; the message names what it seems to be."""


class UnsupportedScheme(FileBroken):
    """Whole as far as can be seen, but protected in a way that is not read here; the message names it."""


class Mismatch(FileFault):
    """Key and certificate do not belong together."""
