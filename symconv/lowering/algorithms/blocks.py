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


def in_blocks(left: Node, right: Node, blocks: Blocks) -> Node:
    """The product (..., row blocks, column blocks, rows, columns) of (..., I, K) and (..., column blocks, K, columns).

    A column block of the right factor lies by itself: its rows are near each other then.
    """
    lead = len(left.shape) - 2
    inner = left.shape[-1]
    kept = tuple(map(axis, range(lead)))
    stack = (*left.shape[:lead], blocks.row_blocks, blocks.column_blocks)
    row = blocks.rows * axis(lead) + axis(lead + 2)
    rows = view(left, (*stack, blocks.rows, inner), (*kept, row, axis(lead + 3)))
    columns = view(right, (*stack, inner, blocks.columns), (*kept, axis(lead + 1), axis(lead + 2), axis(lead + 3)))
    return MatMul(rows, columns)


def whole(product: Node, at: int) -> Node:
    """Blocks side by side, from axis `at` on, as one matrix (..., I, J)."""
    order = (*range(at), at, at + 2, at + 1, at + 3)
    return merge(merge(transposed(product, order), at + 2, 2), at, 2)
