"""The errors of symconv: each says what was given, what was expected, where, and how to mend it."""


class SymconvError(Exception):
    """Any error that symconv raises on purpose; its text is one line for a reader."""


class InvalidLayer(SymconvError, ValueError):
    """The hypotheses of the theorem do not hold: a size, option or kernel that makes no layer."""


class InvalidExpression(SymconvError, ValueError):
    """An array expression that is not well formed: ranks or sizes of its parts do not agree."""


class InvalidArray(SymconvError, ValueError):
    """An array that does not belong to the layer: wrong type, rank, shape or dtype."""


class InvalidOption(SymconvError, ValueError):
    """An option that symconv does not know, or a value that it does not take."""


class UnsupportedLayer(SymconvError, NotImplementedError):
    """A layer that exists elsewhere but that symconv has no theorem for (yet)."""


class InvalidTarget(SymconvError, ValueError):
    """A function to audit that cannot be found, or that cannot be called as its adapter calls it."""


class MissingLibrary(SymconvError, ImportError):
    """A library that a part of symconv stands on is not installed."""


class BrokenDerivation(SymconvError):
    """A step of a derivation that does not follow: a mistake in symconv, never in the input."""


def shortened(value: object, longest: int = 60) -> str:
    """The repr of a value for an error message: its beginning, where it is long."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # an int of more digits than Python writes
        return f"a number of more than {10**3} digits"
    return text if len(text) <= longest else f"{text[:longest]}..."
