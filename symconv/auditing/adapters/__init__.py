"""Adapters: they make an `Implementation` of a function that is written to another convention, or of a library.

Adapters are found through the entry-point group ``symconv.adapters``: each entry point is an `Adapter`.
"""

from symconv.auditing.adapters.adapter import Adapter, adapters, find_adapter

__all__ = ["Adapter", "adapters", "find_adapter"]
