"""What can be wrong with a file from a customer: each fault has its own class, because each has another remedy."""


class FileFault(Exception):
    """The file cannot be used. The message is for logs and engineers; it never holds what was in the file."""


class WrongKeyPassword(FileFault):
    """The password is not this file's: try another."""


class FileBroken(FileFault):
    """Damaged or cut off: no password would open it, so copy it again."""


class TooBig(FileBroken):
    """Larger, or more expensive to open, than any valid file of its kind."""


class WrongKind(FileBroken):
    """A file, but not of the kind that was asked for; the message names what it seems to be."""


class UnsupportedScheme(FileBroken):
    """Not visibly damaged, but protected in a way that is not supported; the message names it."""


class Mismatch(FileFault):
    """Key and certificate do not belong together."""
