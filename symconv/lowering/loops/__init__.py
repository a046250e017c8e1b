"""Explicit loops: a layer's forward map and gradients as functions of flat arrays, for a compiler of Python."""
