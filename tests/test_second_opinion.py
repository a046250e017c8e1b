"""z3 and cvc5 on the integer side conditions: they agree with the witnesses, and a disagreement is an error."""

import pytest

from symconv.errors import BrokenDerivation, InvalidOption
from symconv.proof import checker, obligations, second_opinion

needs_z3 = pytest.mark.skipif("z3" not in second_opinion.installed(), reason="z3 is not installed")
needs_cvc5 = pytest.mark.skipif("cvc5" not in second_opinion.installed(), reason="cvc5 is not installed")


@needs_z3
@needs_cvc5
@pytest.mark.parametrize("name", checker.STATEMENTS)
def test_no_solver_contradicts_a_witness(name):
    opinions = {o.solver: o.says for o in second_opinion.ask((name,))}
    assert opinions.keys() == {"z3", "cvc5"}
    assert "fails" not in opinions.values()
    assert "holds" in opinions.values()


FALSE = {
    "reverse": ("K >= 1, 0 <= k <= K - 1", "0 <= K - k <= K - 1"),
    "sift, indeed": ("b >= 1, m = b*Q + R, 0 <= R <= b", "b*Q = m"),
    "extent": ("b >= 1, n >= 1, m = b*Q", "0 <= Q <= n - 1", "0 <= m <= b*n - b - 1"),
}


@needs_z3
@needs_cvc5
@pytest.mark.parametrize("name", FALSE)
def test_a_counterexample_is_an_error_that_names_the_solver_and_the_condition(monkeypatch, name):
    monkeypatch.setitem(checker.STATEMENTS, name, FALSE[name])
    with pytest.raises(BrokenDerivation, match=f"(z3|cvc5) finds a counterexample to the side condition '{name}'"):
        second_opinion.ask((name,))


@pytest.mark.parametrize("name", FALSE)
def test_a_false_condition_has_no_witness(monkeypatch, name):
    monkeypatch.setitem(checker.STATEMENTS, name, FALSE[name])
    assert obligations.find(name) is None


def test_without_a_solver_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(second_opinion, "find_spec", lambda name: None)
    with pytest.raises(InvalidOption, match="pip install"):
        second_opinion.ask(("reverse",))


@needs_z3
def test_an_unknown_is_no_opinion(monkeypatch):
    monkeypatch.setitem(second_opinion.SOLVERS, "z3", lambda facts: "unknown")
    opinions = second_opinion.ask(("reverse",))
    assert {o.says for o in opinions if o.solver == "z3"} == {"unknown"}
