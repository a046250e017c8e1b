"""The documents of the presets, derived once for all tests of a process that read or compile them."""

from functools import cache

from symconv import derive, preset


@cache
def preset_document(name):
    """The derivation of a preset."""
    return derive(preset(name).layer)


@cache
def preset_latex(name):
    """Its body in LaTeX."""
    return preset_document(name).latex(fragment=True)
