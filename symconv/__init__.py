"""symconv: derives, proves and lowers the gradients of convolution layers.

Names are loaded when they are first used, so that ``import symconv`` and the command line start without SymPy.

>>> import symconv as sc
>>> layer = sc.Conv((8, 8), (3, 3), stride=2, padding=1)
>>> bool(sc.prove(layer))
True
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symconv.api import closed_forms, derive, prove
    from symconv.auditing.protocol import Support
    from symconv.audits import audit
    from symconv.errors import (
        BrokenDerivation,
        InvalidArray,
        InvalidExpression,
        InvalidLayer,
        InvalidOption,
        InvalidTarget,
        MissingLibrary,
        SymconvError,
        UnsupportedLayer,
    )
    from symconv.figures.figure import Figure, figure
    from symconv.layer import Axis, Conv
    from symconv.lowering import Lowered, lower
    from symconv.presets import Preset, preset
    from symconv.report.audit import AuditReport
    from symconv.report.document import Document
    from symconv.report.notation import Notation, notation
    from symconv.steps import Derivation, Gradient, Status, Verdict
    from symconv.symbolic import SymbolicForward, symbolic_forward

__version__ = "0.1.0"

_HOME = {
    "AuditReport": "symconv.report.audit",
    "Axis": "symconv.layer",
    "BrokenDerivation": "symconv.errors",
    "Conv": "symconv.layer",
    "Derivation": "symconv.steps",
    "Document": "symconv.report.document",
    "Figure": "symconv.figures.figure",
    "Gradient": "symconv.steps",
    "InvalidArray": "symconv.errors",
    "InvalidExpression": "symconv.errors",
    "InvalidLayer": "symconv.errors",
    "InvalidOption": "symconv.errors",
    "InvalidTarget": "symconv.errors",
    "Lowered": "symconv.lowering",
    "MissingLibrary": "symconv.errors",
    "Notation": "symconv.report.notation",
    "Preset": "symconv.presets",
    "Status": "symconv.steps",
    "Support": "symconv.auditing.protocol",
    "SymbolicForward": "symconv.symbolic",
    "SymconvError": "symconv.errors",
    "UnsupportedLayer": "symconv.errors",
    "Verdict": "symconv.steps",
    "audit": "symconv.audits",
    "closed_forms": "symconv.api",
    "derive": "symconv.api",
    "figure": "symconv.figures.figure",
    "lower": "symconv.lowering",
    "notation": "symconv.report.notation",
    "preset": "symconv.presets",
    "prove": "symconv.api",
    "symbolic_forward": "symconv.symbolic",
}

__all__ = [
    "AuditReport",
    "Axis",
    "BrokenDerivation",
    "Conv",
    "Derivation",
    "Document",
    "Figure",
    "Gradient",
    "InvalidArray",
    "InvalidExpression",
    "InvalidLayer",
    "InvalidOption",
    "InvalidTarget",
    "Lowered",
    "MissingLibrary",
    "Notation",
    "Preset",
    "Status",
    "Support",
    "SymbolicForward",
    "SymconvError",
    "UnsupportedLayer",
    "Verdict",
    "audit",
    "closed_forms",
    "derive",
    "figure",
    "lower",
    "notation",
    "preset",
    "prove",
    "symbolic_forward",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'symconv' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext symconv``: show layers, derivations and verdicts as a notebook can, where importing us did not."""
    import_module("symconv.notebook").register(shell)


def _show_in_notebooks() -> None:
    """Where IPython runs us, it learns how our objects look; elsewhere nothing is imported."""
    find = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = find() if find is not None else None
    if shell is not None:
        load_ipython_extension(shell)


_show_in_notebooks()
