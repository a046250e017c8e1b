"""Lowering: from a layer to NumPy source, by way of the array expressions that are proved.

In: a `Conv`.  Out: a `Lowered`: readable source that needs NumPy only, and methods that run it.
Never: a derivation, a proof or SymPy. A node of an expression is a statement of the source, so what is proved is what
is run.
"""

from symconv.lowering.array_api import array_api_module, compiled_array_api
from symconv.lowering.formulas import formula
from symconv.lowering.lowered import Lowered, lower
from symconv.lowering.program import Program, programs

__all__ = ["Lowered", "Program", "array_api_module", "compiled_array_api", "formula", "lower", "programs"]
