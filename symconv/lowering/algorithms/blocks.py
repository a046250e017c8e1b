"""Products in blocks of rows and columns, each so small that a library multiplies it where it lies.

In: two stacks of matrices, and `Blocks`.  Out: a node: the blocks side by side, or the whole again.
Never: a choice of blocks; `symconv.lowering.candidates` has that.
"""

from __future__ import annotations

from dataclasses import dataclass

from symconv.lowering.nodes import Copy, MatMul, Node, axis, merge, transposed, view
from symconv.terms import Size


@dataclass(frozen=True)
class Blocks:
    """``row_blocks * rows`` rows and ``column_blocks * columns`` columns."""

    row_blocks: Size
    rows: Size
    column_blocks: Size
    columns: Size

    @classmethod
    def of(cls, rows: int, columns: int, most_rows: int, most_columns: int) -> Blocks:
        """Even blocks of at most so many rows and columns.

        Examples
        --------
        >>> Blocks.of(96, 10, 64, 64)
        Blocks(row_blocks=2, rows=48, column_blocks=1, columns=10)
        """
        high = next(size for size in range(min(rows, most_rows), 0, -1) if rows % size == 0)
        wide = next(size for size in range(min(columns, most_columns), 0, -1) if columns % size == 0)
        return cls(rows // high, high, columns // wide, wide)


def columns_in_blocks(kernel: Node, at: int, blocks: Blocks) -> Node:
    """(..., J, K) with J at `at`, transposed: (..., column blocks, K, columns), each block by itself in memory."""
    kept = tuple(map(axis, range(at)))
    column = blocks.columns * axis(at) + axis(at + 2)
    size = (*kernel.shape[:at], blocks.column_blocks, kernel.shape[-1], blocks.columns)
    return Copy(view(kernel, size, (*kept, column, axis(at + 1))))


def rows_in_blocks(left: Node, at: int, blocks: Blocks) -> Node:
    """(..., I, K) with I at `at` as (..., row blocks, rows, K)."""
    kept = tuple(map(axis, range(at)))
    size = (*left.shape[:at], blocks.row_blocks, blocks.rows, left.shape[-1])
    return view(left, size, (*kept, blocks.rows * axis(at) + axis(at + 1), axis(at + 2)))


def in_blocks(left: Node, right: Node) -> Node:
    """The product (..., row blocks, column blocks, rows, columns) of factors that are in blocks."""
    lead = len(left.shape) - 3
    *stack, row_blocks, rows, inner = left.shape
    column_blocks, _, columns = right.shape[lead:]
    kept = tuple(map(axis, range(lead)))
    both = (*stack, row_blocks, column_blocks)
    last = (axis(lead + 2), axis(lead + 3))
    return MatMul(
        view(left, (*both, rows, inner), (*kept, axis(lead), *last)),
        view(right, (*both, inner, columns), (*kept, axis(lead + 1), *last)),
    )


def whole(product: Node, at: int) -> Node:
    """Blocks side by side, from axis `at` on, as one matrix (..., I, J)."""
    order = (*range(at), at, at + 2, at + 1, at + 3)
    return merge(merge(transposed(product, order), at + 2, 2), at, 2)
