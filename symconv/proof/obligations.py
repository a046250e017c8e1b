"""The integer side conditions of the theorem, as data, with the witnesses that establish them.

In: nothing; the conditions are those that the checker builds.  Out: statements, and the witnesses that are shipped.
The witnesses of the symbolic statements hold for every instance, so they were found once (`find_all`) and are stored.
Never: trust in what is stored: every use replays it in the checker.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from symconv.proof import checker
from symconv.proof.witnesses import Leaf, find_leaf, find_model

SHIPPED = "witnesses.json"


def statement(name: str) -> tuple[str, ...]:
    """Hypotheses and goal of a side condition, as text; two goals are equivalent.

    Examples
    --------
    >>> statement("reverse")
    ('K >= 1, 0 <= k <= K - 1', '0 <= K - 1 - k <= K - 1')
    """
    return checker.STATEMENTS[name]


@cache
def witnesses() -> dict[str, Any]:
    """The shipped witnesses, by the name of their side condition."""
    found: dict[str, Any] = json.loads((files("symconv.proof") / SHIPPED).read_text(encoding="utf-8"))
    return found


def find(name: str) -> dict[str, Any] | None:
    """Search a witness of one side condition; None if there is none of the form that the checker replays."""
    hypotheses, cases = checker.cases(checker.STATEMENTS[name])
    leaves = [find_leaf(hypotheses + case) for case in cases]
    model = find_model(hypotheses)
    if model is None or any(leaf is None for leaf in leaves):
        return None
    return {"cases": [_leaf_data(leaf) for leaf in leaves if leaf is not None], "model": dict(model)}


def find_all() -> dict[str, Any]:
    """Search every witness anew.

    Raises
    ------
    LookupError
        If a side condition has none.
    """
    found = {name: find(name) for name in sorted(checker.STATEMENTS)}
    missing = [name for name, witness in found.items() if witness is None]
    if missing:
        raise LookupError(f"no witness for {', '.join(missing)}")
    return found


def _leaf_data(leaf: Leaf) -> dict[str, Any]:
    return {
        "scale": leaf.scale,
        "products": [[c, list(facts)] for c, facts in leaf.products],
        "equations": [[[[c, list(names)] for c, names in multiplier], at] for multiplier, at in leaf.equations],
    }


def written(data: Any) -> str:
    """JSON with sorted fields: the same data, the same bytes."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True) + "\n"
