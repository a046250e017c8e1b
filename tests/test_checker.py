"""The independent checker: what it accepts is true, what is false it refuses, and every line of it is needed."""

import ast
import contextlib
import io
import random
import re
import runpy
import shutil
import subprocess
import sys
import types
from collections import Counter, defaultdict
from itertools import product
from pathlib import Path

import pytest

from symconv.proof import checker, second_checker, witnesses
from tests import certificates
from tests.certificates import VALID, as_bytes, certificate

SOURCE = Path(checker.__file__).read_text(encoding="utf-8")
LAYER = certificates.layer(2)


def verdict(text, module=checker):
    """The lines of an accepted certificate, or None; any exception but `Rejected` passes through."""
    try:
        return module.check(module.parse(text))
    except module.Rejected:
        return None


def refusal(text):
    with pytest.raises(checker.Rejected) as caught:
        checker.check(checker.parse(text))
    return str(caught.value)


def changed(found, *path, to):
    return as_bytes(certificates.edited(found, path, lambda _: to))


def tiny():
    """The smallest certificate with a trace and a witness."""
    found = certificate(1, False, ("bias",))
    found["traces"]["bias"] = [["reverse", "g'"], ["kronecker", "g'"], ["kronecker", "o'"]]
    found["witnesses"] = {"reverse": certificates.witness("reverse")}
    return found


def largest(size):
    """A shape with so many triples to test."""
    own = certificates.layer(1, input_size=[size], kernel_size=[1], stride=[size], padding=[[0, 0]])
    return certificate(1, False, ("bias",), own, "shape")


def some(found, each, seed=0, count=40):
    """Corruptions of a certificate, at most so many of each kind."""
    kinds = defaultdict(list)
    for corruption in certificates.corruptions(found, seed, count):
        kinds[corruption.kind].append(corruption)
    chance = random.Random(seed)
    return [c for kind in kinds.values() for c in chance.sample(kind, min(each, len(kind)))]


# Accepted -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VALID)
def test_valid_certificates_are_accepted_by_both_checkers(name):
    assert verdict(as_bytes(VALID[name]()))
    assert second_checker.accepts(as_bytes(VALID[name]()))


def test_the_claim_is_printed_in_full():
    lines = "\n".join(verdict(as_bytes(certificate(2, True, ("input", "weight"), certificates.layer(2, flip=True)))))
    assert "every layer with 2 spatial axes" in lines
    assert "p, P in Z with t = u(L-1) + p + P - d(K-1) >= 0" in lines
    assert "with a flipped kernel, over every commutative ring" in lines
    assert "dE/da: delta, dilated by s and padded (d(K-1) - p, d(K-1) - P + r); w, channels exchanged" in lines
    assert "dE/dw, rotated by 180 degrees: a, dilated by u and padded (p, P - r)" in lines
    assert "kernel_size=[3, 2]" in lines
    assert "axis 1, O=3, r=2, input: stride 2, dilation 1, operand dilated by 3, padded (2, 1)" in lines
    assert "forward" not in lines


def test_only_the_note_may_be_anything():
    for note in ("", "by \u00e9", "\ud800", "[{" * 100, '"'):
        assert verdict(changed(tiny(), "note", to=note)) == verdict(as_bytes(tiny()))
    assert "a note" in refusal(changed(tiny(), "note", to=1))


def test_the_script_runs_without_symconv(tmp_path):
    shutil.copy(checker.__file__, tmp_path / "checker.py")
    good, bad = tmp_path / "good.json", tmp_path / "b\u00e4d.json"
    good.write_bytes(as_bytes(certificate(1, False, ("input",))))
    bad.write_bytes(changed(tiny(), "version", to=2))

    def run(*names):
        command = [sys.executable, "-I", "-S", "checker.py", *names]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env={"PYTHONIOENCODING": "ascii"})
        assert done.stderr == ""
        return done.returncode, done.stdout

    code, out = run("good.json")
    assert code == 0
    assert out.startswith("good.json: ACCEPTED\nFor every layer with 1 spatial axes")
    code, out = run("good.json", bad.name)
    assert code == 1
    assert out.endswith("b\\xe4d.json: REJECTED: expected the format 'symconv certificate', version 1, and a note\n")
    assert run("good.json", "none.json", bad.name)[0] == 2
    assert run() == (2, "")


def test_the_script_exits_with_the_code_of_main(tmp_path, monkeypatch, capsys):
    (tmp_path / "good.json").write_bytes(as_bytes(tiny()))
    monkeypatch.setattr(sys, "argv", ["checker.py", str(tmp_path / "good.json")])
    with pytest.raises(SystemExit, match=r"^0$"):
        runpy.run_path(checker.__file__, run_name="__main__")
    assert "ACCEPTED\n" in capsys.readouterr().out


def test_main_tells_unreadable_from_rejected(tmp_path, capsys):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_bytes(as_bytes(tiny()))
    bad.write_bytes(b"{")
    assert checker.main([str(good)]) == 0
    assert checker.main([str(bad), str(good)]) == 1
    assert checker.main([str(tmp_path / "none"), str(bad)]) == 2
    assert checker.main([]) == 2
    assert f"{tmp_path / 'none'}: cannot be read: No such file or directory\n" in capsys.readouterr().out


# Refused --------------------------------------------------------------------------------------------------------------

TAMPERED = {
    "tiny": (tiny, 120),
    "one gradient": (lambda: certificate(1, False, ("input",)), 20),
    "two gradients": (lambda: certificate(2, True, ("weight", "bias"), certificates.layer(2, flip=True)), 8),
    "double backward": (lambda: certificate(3, False, ("input.w", "forward")), 4),
    "one shape": (lambda: certificate(2, False, None, LAYER, "shape"), 100),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_corrupted_certificates_are_refused_or_still_true(name):
    make, each = TAMPERED[name]
    said = Counter()
    for corruption in some(make(), each):
        said[certificates.judgement(corruption)] += 1
        assert not said["FALSE"], corruption
        assert not said["stricter"] or corruption.kind in certificates.FORMAT_ONLY, corruption
        said["stricter"] = 0
    assert said["refused"] > 5 * said["true"]


def test_a_refusal_cannot_print_lines_of_its_own():
    forged = "x\nother.json: ACCEPTED\nFor every layer"
    for step in ([forged, ""], [forged, "n'"], ["reverse", forged], ["extent", forged], ["reverse", "\ud800"]):
        assert refusal(changed(tiny(), "traces", "bias", to=[step])).isprintable()


def test_limits_are_named():
    found, number = tiny(), ("witnesses", "reverse", "model", "K")
    assert refusal(b" " * (checker.MAX_BYTES + 1)) == f"larger than {checker.MAX_BYTES} bytes"
    assert verdict(as_bytes(found).ljust(checker.MAX_BYTES))
    assert checker.parse(b"[" * (checker.MAX_DEPTH - 1) + b"1" + b"]" * (checker.MAX_DEPTH - 1))
    assert (
        refusal(b"[" * checker.MAX_DEPTH + b"1" + b"]" * checker.MAX_DEPTH) == f"nested deeper than {checker.MAX_DEPTH}"
    )
    assert refusal(b'["]",' * 60 + b"1" + b"]" * 60) == f"nested deeper than {checker.MAX_DEPTH}"
    assert refusal(b"[" * 10**5).startswith("not JSON with integers only: maximum recursion depth exceeded")
    assert refusal(changed(found, *number, to=10**90)) == "a number is too long"
    assert verdict(changed(found, *number, to=2**checker.MAX_BITS - 1))
    assert refusal(changed(found, *number, to=2**checker.MAX_BITS)) == "expected an integer of at most 256 bits"
    many = [["reverse", "n'"]] * checker.MAX_ITEMS
    assert refusal(changed(found, "traces", "bias", to=many)) == "bias: the trace does not end at the closed form"
    assert refusal(changed(found, "traces", "bias", to=[*many, many[0]])).endswith(f"at most {checker.MAX_ITEMS} items")
    assert verdict(as_bytes(certificate(checker.MAX_NDIM, False, ("input",))))
    for ndim in (0, checker.MAX_NDIM + 1):
        assert refusal(changed(found, "claim", "ndim", to=ndim)) == "expected ndim from 1 to 8, and flip true or false"
    wide = certificate(checker.MAX_NDIM + 1, False, ("bias",), scope="shape")
    wide["layer"] = certificates.layer(1) | {name: [v[0]] * 9 for name, v in certificates.AXES.items()}
    assert "spatial" not in refusal(as_bytes(wide))


def test_layers_too_large_to_enumerate_are_refused():
    for size in (10**4, 10**70):
        own = certificates.layer(1, input_size=[size])
        assert refusal(as_bytes(certificate(1, False, None, own, "shape"))) == "more than 2000000 triples to test"
        assert verdict(as_bytes(certificate(1, False, None, own)))
    assert verdict(as_bytes(largest(checker.BRUTE_FORCE)))
    assert refusal(as_bytes(largest(checker.BRUTE_FORCE + 1))).startswith("more than")


def test_a_repeated_or_unknown_gradient_is_refused():
    for names in ([], ["input", "input"], ["inputs"], [["input"]], [1], "input", {"input": 1}, None):
        assert refusal(changed(certificate(1, False, ("input",)), "claim", "gradients", to=names)).startswith(
            "expected"
        )


# True: evaluation over small integers ---------------------------------------------------------------------------------

CLAIMS = [(claim, flip) for claim in checker.CLAIMS for flip in (False, True)]


@pytest.mark.parametrize(("claim", "flip"), CLAIMS)
@pytest.mark.parametrize("ndim", [1, 2])
def test_derivatives_and_closed_forms_are_what_the_axis_relation_says(claim, flip, ndim):
    derived = certificates.compiled(checker.derived(claim, ndim, flip), claim, ndim)
    theorem = certificates.compiled(checker.theorem(claim, ndim, flip), claim, ndim)
    for numbers in certificates.biting(ndim):
        truth = certificates.by_definition(claim, ndim, flip, numbers)
        assert truth
        assert derived(numbers) == truth
        assert theorem(numbers) == truth


def test_brute_force_agrees_with_every_formula_on_all_small_layers():
    """All L <= 5, K <= 3, s, d, u <= 3, p in -1..3: the theorem, its rows as DESIGN has them, and the relation."""
    theorems = {
        (claim, flip): certificates.compiled(checker.theorem(claim, 1, flip), claim, 1)
        for claim, flip in product(("forward", "input", "weight"), (False, True))
    }
    labels = dict.fromkeys("NGMC", 1)
    tried = 0
    for size, taps, s, d, u, low, high in product(
        range(1, 6), range(1, 4), *[range(1, 4)] * 3, range(-1, 4), range(-1, 4)
    ):
        t = u * (size - 1) + low + high - d * (taps - 1)
        if t < 0:
            continue
        tried += 1
        outputs, r = t // s + 1, t % s
        relation = [
            (i, k, x)
            for i, k in product(range(outputs), range(taps))
            for x in range(size)
            if u * x == s * i + d * k - low
        ]
        numbers = certificates.axis_numbers(0, (size, taps, s, d, u, low, high)) | labels
        for (claim, flip), theorem in theorems.items():
            expected = Counter()
            for i, k, x in relation:
                kernel = taps - 1 - k if flip else k
                at = {"delta": (0, 0, 0, i), "w": (0, 0, 0, kernel), "a": (0, 0, 0, x)}
                place = at.pop(certificates.slot_of(claim))
                expected[place, tuple(sorted((slot, *index) for slot, index in at.items()))] += 1
            assert theorem(numbers) == expected, (claim, flip, numbers)
        axis = dict(zip("LKsdupPrO", (size, taps, s, d, u, low, high, r, outputs), strict=True))
        span = d * (taps - 1)
        assert checker.row(axis, "forward") == ([size, taps, outputs], [s, d, u], (low, high))
        assert checker.row(axis, "input") == ([outputs, taps, size], [u, d, s], (span - low, span - high + r))
        assert checker.row(axis, "weight") == ([size, outputs, taps], [d, s, u], (low, high - r))
        checker.brute_force(axis, ["forward", "input", "weight"])
    assert tried > 7000


def test_every_rule_keeps_the_meaning_of_a_term():
    """Random steps in any order: what the checker lets pass is the same tensor still."""
    chance, passed = random.Random(3), Counter()
    for _ in range(60):
        claim, flip = chance.choice(CLAIMS)
        term = checker.derived(claim, 1, flip)
        for _ in range(25):
            index = chance.choice([*term[0], "n'", "k0"])
            rule = chance.choice(["reverse", "kronecker", "kronecker", "sift", "extent"])
            try:
                term, _ = checker.apply(rule, "" if rule == "extent" else index, term, 1)
            except checker.Rejected:
                continue
            passed[rule] += 1
            tensor = certificates.compiled(term, claim, 1)
            for number, numbers in enumerate(certificates.biting(1)[::2]):
                assert tensor(numbers) == certificates._true(claim, 1, flip, 2 * number), (claim, flip, rule, index)
    assert min(passed[rule] for rule in ("reverse", "kronecker", "sift", "extent")) > 10


@pytest.mark.parametrize("name", checker.STATEMENTS)
def test_side_conditions_hold_over_small_integers(name):
    assert certificates.counterexample(checker.STATEMENTS[name]) is None
    assert certificates.counterexample((checker.STATEMENTS[name][0], "0 = 1"))  # the hypotheses are met by some


@pytest.mark.parametrize("name", checker.STATEMENTS)
def test_both_checkers_have_the_same_side_conditions(name):
    ours, theirs = checker.cases(checker.STATEMENTS[name]), second_checker._cases(name)
    assert [len(ours[0] + case) for case in ours[1]] == [len(case) for case in theirs]
    for seed in range(3):
        point = {v: random.Random(f"{seed} {v}").randrange(-999, 999) for v in second_checker.VARIABLES[name].split()}
        values = types.SimpleNamespace(**point)
        for case, other in zip(ours[1], theirs, strict=True):
            assert [(kind, certificates._value(p, point)) for kind, p in ours[0] + case] == [
                (kind, value(values)) for kind, value in other
            ]


# Nearly true ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("claim", "flip"), CLAIMS)
def test_no_trace_arrives_at_a_theorem_that_is_nearly_right(claim, flip, monkeypatch):
    chance = random.Random(claim)
    for ndim, count in ((1, 200), (2, 15)):
        true, trace = checker.theorem(claim, ndim, flip), certificates.trace(claim, ndim)
        assert checker.follow(claim, ndim, flip, trace) is not None
        near = [(kind, term) for kind, term in certificates.near_terms(true, ndim) if term != true]
        false = 0
        for kind, term in chance.sample(near, min(count, len(near))):
            false += certificates.shown_false(term, claim, ndim, flip)
            monkeypatch.setattr(checker, "theorem", lambda *_, term=term: term)
            with pytest.raises(checker.Rejected, match="does not end at the closed form"):
                checker.follow(claim, ndim, flip, trace)
            monkeypatch.undo()
            assert kind
        assert false > 0.85 * min(count, len(near))


def test_a_theorem_for_the_other_side_is_not_proved(monkeypatch):
    """Named mistakes: the paddings exchanged, the remainder lost, the kernel not rotated, a stride for a dilation."""
    true = checker.theorem("input", 1, False)
    assert not certificates.shown_false(true, "input", 1, False)
    kinds = {
        kind for kind, term in certificates.near_terms(true, 1) if certificates.shown_false(term, "input", 1, False)
    }
    assert kinds >= {
        "guard: low and high", "read: low and high", "index: tap mirrored", "guard dropped: div", "guard dropped: in",
        "guard: constant", "guard: coefficient", "guard: variable", "tensors exchanged", "a factor lost",
    }  # fmt: skip


def false_statements(name, count, seed=0):
    near = list(certificates.near_statements(checker.STATEMENTS[name]))
    found = [(kind, s) for kind, s in random.Random(seed).sample(near, min(count, len(near)))]
    return [(kind, s) for kind, s in found if certificates.counterexample(s) is not None]


@pytest.mark.parametrize("name", checker.STATEMENTS)
def test_no_witness_of_another_statement_proves_a_false_one(name, monkeypatch):
    false = false_statements(name, 60)
    assert len(false) > 5
    true = {other: certificates.witness(other) for other in checker.STATEMENTS}
    for kind, statement in false:
        monkeypatch.setitem(checker.STATEMENTS, name, statement)
        for witness in true.values():
            with pytest.raises(checker.Rejected):
                checker.check_witness(name, witness)
        monkeypatch.undo()
        assert kind


@pytest.mark.parametrize("name", checker.STATEMENTS)
def test_false_side_conditions_have_no_witness(name):
    cheap = checker.STATEMENTS[name][0].count(",") < 6
    false = false_statements(name, 60 if cheap else 6, seed=1)
    assert false
    for kind, statement in false[: None if cheap else 2]:
        hypotheses, cases = checker.cases(statement)
        assert any(witnesses.find_leaf(hypotheses + case) is None for case in reversed(cases)), (kind, statement)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("input, size", " - P + r", " - P"),
        ("input, size", " - p - P + r", " - P + r"),
        ("input, reads", " - P + r", " - P"),
        ("weight, size", " + P - r", " + P"),
        ("weight, reads", " + P - r", " + P - r - 1"),
        ("forward, reads", "+ p + P", "+ p + p"),
    ],
)
def test_padding_that_forgets_the_remainder_is_not_proved(name, old, new, monkeypatch):
    witness = certificates.witness(name)
    statement = tuple(
        part.replace(checker.AXIS, "AXIS").replace(old, new).replace("AXIS", checker.AXIS)
        for part in checker.STATEMENTS[name]
    )
    assert statement != checker.STATEMENTS[name]
    assert certificates.counterexample(statement)
    monkeypatch.setitem(checker.STATEMENTS, name, statement)
    with pytest.raises(checker.Rejected, match="the identity does not hold"):
        checker.check_witness(name, witness)


def test_the_second_checker_notices_a_false_row(monkeypatch):
    """It evaluates: with another closed form it refuses every certificate."""
    text = as_bytes(certificate(1, False, ("input",)))
    assert second_checker.accepts(text)
    true = second_checker._closed_form

    def without_remainder(axis, row):
        numbers = (getattr(axis, name) for name in ("size", "taps", "s", "d", "u", "low", "high"))
        other = second_checker.Axis(*numbers)
        other.rest = 0
        return true(other, row)

    monkeypatch.setattr(second_checker, "_closed_form", without_remainder)
    for cached in (second_checker._rows_hold, second_checker._layers_hold):
        cached.cache_clear()
    assert second_checker._rows_hold() == {"forward": True, "input": False, "weight": False}
    assert second_checker._layers_hold("delta", 1, False)
    assert not second_checker._layers_hold("a", 1, False)
    assert not second_checker.accepts(text)
    for cached in (second_checker._rows_hold, second_checker._layers_hold):
        cached.cache_clear()


# Mutants --------------------------------------------------------------------------------------------------------------

SWAPS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub,
    ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mod, ast.Mod: ast.FloorDiv, ast.BitOr: ast.BitAnd,
}  # fmt: skip
WORDS = {" - ": " + ", " + ": " - ", ">= 1": ">= 0", "0 <= ": "-1 <= ", "*": " + ", "'": ""}
FUNCTIONS = {"all": "any", "any": "all", "max": "min", "min": "max"}


def sites(statement):
    """Every node that may be mutated: not annotations, documentation or the wording of a refusal."""
    pending = [statement]
    for node in pending:
        for field, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else [value]:
                kept = field not in ("annotation", "returns") and isinstance(child, ast.AST)
                if kept and not _is_no_code(node, field, child):
                    pending.append(child)
    return pending


def _is_no_code(node, field, child):
    documentation = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
    wording = (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and ((node.func.id == "need" and child is not node.args[0]) or node.func.id == "Rejected")
    )
    alias = (
        isinstance(node, ast.Module)
        and isinstance(child, ast.Assign)
        and ast.unparse(child.targets[0]) in ("Poly", "Term", "Fact")
    )
    script = isinstance(node, ast.Module) and isinstance(child, ast.If)
    return (
        documentation
        or alias
        or script
        or (wording and field == "args")
        or isinstance(child, ast.Import | ast.ImportFrom)
    )


def edits(node):
    """Ways to mutate one node in place: names of what is done, and functions that do it."""
    for field in ("op", "ops"):
        ops = getattr(node, field, None)
        for at, op in enumerate(ops if isinstance(ops, list) else [ops]):
            if type(op) in SWAPS:
                swapped = SWAPS[type(op)]()
                new = [*ops[:at], swapped, *ops[at + 1 :]] if isinstance(ops, list) else swapped
                yield f"{type(op).__name__} {at}", lambda field=field, new=new: setattr(node, field, new)
    match node:
        case ast.Expr():
            yield "dropped", lambda: setattr(node, "value", ast.Constant(None))
        case ast.BoolOp():
            for at in range(len(node.values)):
                yield f"operand {at} dropped", lambda at=at: node.values.pop(at)
        case ast.Constant(value=bool()):
            yield "other", lambda: setattr(node, "value", not node.value)
        case ast.Constant(value=int()):
            for c in (1, -1):
                yield f"{c:+}", lambda c=c: setattr(node, "value", node.value + c)
        case ast.Constant(value=str()):
            for old, new in WORDS.items():
                for at in range(node.value.count(old)):
                    parts = node.value.split(old)
                    text = old.join(parts[: at + 1]) + new + old.join(parts[at + 1 :])
                    yield f"{old!r} {at}", lambda text=text: setattr(node, "value", text)
        case ast.Set() | ast.List() if len(node.elts) > 0:
            for at in range(len(node.elts)):
                empty = isinstance(node, ast.Set) and len(node.elts) == 1
                if not empty:
                    yield f"element {at} dropped", lambda at=at: node.elts.pop(at)
        case ast.If() | ast.IfExp() | ast.While():
            yield "negated", lambda: setattr(node, "test", ast.UnaryOp(ast.Not(), node.test))
        case ast.comprehension() if node.ifs:
            yield "condition dropped", lambda: setattr(node, "ifs", [])
        case ast.UnaryOp(op=ast.Not()):
            yield "not dropped", lambda: setattr(node, "op", ast.UAdd())
        case ast.Call(func=ast.Name(id=name)) if name in FUNCTIONS:
            yield FUNCTIONS[name], lambda: setattr(node.func, "id", FUNCTIONS[name])
        case ast.AugAssign():
            yield "replaced", lambda: setattr(node, "value", ast.copy_location(ast.Constant(0), node.value))


TREE = ast.parse(SOURCE)
CODE = [compile(ast.Module([statement], []), "checker", "exec") for statement in TREE.body]


def mutants():
    """The names of all mutants (function, expression, what is done), and where they are."""
    found, seen = {}, Counter()
    for at, statement in enumerate(TREE.body):
        where = statement.name if isinstance(statement, ast.FunctionDef) else "module"
        if _is_no_code(TREE, "body", statement):
            continue
        for site, node in enumerate(sites(statement)):
            for number, (what, _) in enumerate(edits(node)):
                name = f"{where}: {ast.unparse(node)[:90]}: {what}".replace("\n", " ")
                seen[name] += 1
                found[name if seen[name] == 1 else f"{name} ({seen[name]})"] = (where, at, site, number)
    return found


MUTANTS = mutants()


def mutated(name):
    """The checker with one change, as a module."""
    _, at, site, edit = MUTANTS[name]
    statement = ast.parse(ast.get_source_segment(SOURCE, TREE.body[at])).body[0]
    list(edits(sites(statement)[site]))[edit][1]()
    changed = compile(ast.fix_missing_locations(ast.Module([statement], [])), "mutant", "exec")
    module = types.ModuleType("mutant")
    for number, code in enumerate(CODE):
        exec(changed if number == at else code, module.__dict__)
    return module


SLOW = 6  # certificates at the very end of the corpus, at the limits on size


def corpus():
    """Certificates that the checker accepts and that it refuses."""
    for name in ("input, flip True", "weight, flip True", "shape of rank 2, flip True", "a layer, flip False"):
        yield as_bytes(VALID[name]())
    yield from (as_bytes(certificate(1, flip)) for flip in (False, True))
    for found, each in (
        (tiny(), 12),
        (certificate(2, False, None, LAYER, "shape"), 50),
        (certificate(1, False, ("bias",), certificates.layer(1)), 8),
        (certificate(1, True, ("weight",)), 4),
    ):
        for corruption in some(found, each, seed=5, count=20):
            if found["layer"] is None or not re.search(rb"[0-9]{30}", corruption.text):  # a mutant might count that far
                yield corruption.text
    yield changed(certificate(1, False, ()), "note", to="")
    for ndim in (0, checker.MAX_NDIM, checker.MAX_NDIM + 1):
        yield changed(certificate(1, False, ("bias",)), "claim", "ndim", to=ndim)
        own = certificates.layer(1) | {name: [v[0]] * ndim for name, v in certificates.AXES.items()}
        yield as_bytes(certificate(ndim, False, ("bias",), own, "shape"))
    for size, padding in ((5, [0, 0]), (4, [0, 0]), (4, [1, 0]), (4, [0, 1]), (4, [-1, 1]), (6, [0, -2])):
        own = certificates.layer(1, input_size=[size], padding=[padding])
        yield as_bytes(certificate(1, False, None, own, "shape"))
    for n in (2**checker.MAX_BITS - 1, 2**checker.MAX_BITS):
        yield changed(tiny(), "witnesses", "reverse", "model", "K", to=n)
    own = certificates.witness("reverse")["cases"]
    for cases in (own[:1], [*own, own[0]]):
        yield changed(tiny(), "witnesses", "reverse", "cases", to=cases)
    for at in (4, 5):  # three hypotheses, and the fact of the case
        more = {**own[0], "products": [*own[0]["products"], [1, [at]]]}
        yield changed(tiny(), "witnesses", "reverse", "cases", 0, to=more)
    for model in ({"K": 1, "k": 1}, {"K": 0, "k": 0}, {"K": 2, "k": -1}):
        yield changed(tiny(), "witnesses", "reverse", "model", to=model)
    found = certificate(1, False, ("weight",))
    for at, step in enumerate(found["traces"]["weight"]):
        yield changed(found, "traces", "weight", at, to=[step[0] + "s", step[1]])
        yield changed(found, "traces", "weight", at, to=[step[0], step[1] + "x0'"])
    leaf = found["witnesses"]["sift, only"]["cases"][0]
    for many in (6, 7):
        nothing = [[[1, ["b"] * many], [-1, ["b"] * many]], 1]
        own = {**leaf, "equations": [*leaf["equations"], nothing]}
        yield changed(found, "witnesses", "sift, only", "cases", 0, to=own)
    for many in (checker.MAX_ITEMS, checker.MAX_ITEMS + 1):
        steps = [["reverse", "g'"]] * (many - 2) + [["kronecker", "g'"], ["kronecker", "o'"]]
        yield changed(tiny(), "traces", "bias", to=steps)
    yield as_bytes(tiny()).ljust(checker.MAX_BYTES)
    yield as_bytes(tiny()).ljust(checker.MAX_BYTES + 1)
    for size in (checker.BRUTE_FORCE, checker.BRUTE_FORCE + 1):
        yield as_bytes(largest(size))


def probes(module):
    """What functions say where no certificate leads: equations of other forms, false rows, nesting, many digits."""
    found = []

    def probe(function, *arguments):
        try:
            found.append(function(*arguments))
        except module.Rejected:
            found.append("refused")

    for inner, depth in product((b"1", b""), range(checker.MAX_DEPTH - 2, checker.MAX_DEPTH + 2)):
        probe(module.parse, b"[" * depth + inner + b"]" * depth)
    for digits in range(60, 140):
        probe(module.parse, b"9" * digits)
    probe(module.negation, checker.facts("a >= 0, b = 0, c >= 0"))
    sizes = {"k0'": module.poly("K0"), "n'": module.poly("N")}
    read = module.quotient(module.poly("k0' - n"), module.poly("s0"))
    for equation in (
        "k0'*k0' - d0", "k0'*k0' - k0'", "k0' - n'*k0'", "p0*k0' - x0", "2*k0' - k0", "d0*k0' - k0", "k0' - k0 - 1",
        "k0' - k0", "k0 - k0'", "d0*k0' - n'", "K0 - 1 - k0' - k0", "K0 - k0' - k0", "k0' - x0", "n - n'",
        "d0 - d0*k0'", "s0*k0' - d0*k0' - n", "K0*k0' - k0",
    ):  # fmt: skip
        equal = module.guard("eq", module.poly(equation))
        for more in (
            set(),
            {module.guard("in", module.poly("k0' + n"), module.poly("L0"))},
            {module.guard("eq", read)},
        ):
            term = (sizes, {equal, *more}, {"w": (module.poly("k0'"), read)})
            for rule, index in product(("reverse", "kronecker", "sift"), sizes):
                probe(module.apply, rule, index, term, 1)
    probe(module.axes_of, certificates.layer(1, **{name: [] for name in certificates.AXES}))
    for wrong in (([3, 2, 2], [1, 1, 1], (0, 1)), ([3, 2, 2], [1, 1, 1], (1, -1)), ([3, 2, 3], [1, 1, 1], (0, 0))):
        own = mutated_row(module, wrong)
        probe(own, dict(zip("LKOsdupPr", (3, 2, 2, 1, 1, 1, 0, 0, 0), strict=True)), ["forward"])
    for name, statement in module.STATEMENTS.items():
        point = {v: random.Random(v).randrange(-99, 99) for v in second_checker.VARIABLES[name].split()}
        hypotheses, cases = module.cases(statement)
        found.append([[(kind, certificates._value(p, point)) for kind, p in hypotheses + case] for case in cases])
    return found


def mutated_row(module, row):
    """The brute force of a module, which is given a certain row of the theorem."""
    function = module.brute_force
    return types.FunctionType(function.__code__, {**function.__globals__, "row": lambda *_: row})


def outputs(module, folder):
    """What `main` prints and returns, for files of each kind; of a refusal, only that it is one."""
    files = ("good.json", "bad.json", "none.json", "long.json")
    runs = [[files[0]], [files[1]], [files[2]], [files[3]], [*files[:2]], [files[2], files[1], files[0]], []]
    found = []
    for names in runs:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            found.append(module.main([str(folder / name) for name in names]))
        found += [line.partition("REJECTED")[0] for line in out.getvalue().splitlines()]
    return found


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    return judgement(tmp_path_factory.mktemp("certificates"))


def judgement(folder):
    """What the checker itself says."""
    (folder / "good.json").write_bytes(as_bytes(tiny()))
    (folder / "bad.json").write_bytes(b"{}")
    (folder / "long.json").write_bytes(as_bytes(tiny()).ljust(checker.MAX_BYTES + 1))
    return folder, outputs(checker, folder), probes(checker), [(text, verdict(text)) for text in corpus()]


def killed(name, judged):
    """Whether the corpus tells a mutant from the checker. What killed one mutant is tried first on the next."""
    folder, printed, probed, texts = judged
    try:
        module = mutated(name)
        if MUTANTS[name][0] == "main":
            return outputs(module, folder) != printed
        for at, (text, lines) in enumerate(texts):
            if at == 8 and probes(module) != probed:
                return True
            if verdict(text, module) != lines:
                if at < len(texts) - SLOW:
                    texts.insert(0, texts.pop(at))
                return True
        return False
    except Exception:  # a crash is a difference
        return True


LENGTHS = "both are of one length there, by construction or because the line before says so"
SIGN = "a coefficient is never 0, and one with two terms of any sign passes no rule"
EQUIVALENT = {
    "derived: True: other": LENGTHS,
    "check_witness: True: other": LENGTHS,
    "axes_of: True: other": LENGTHS,
    "axes_of: True: other (2)": LENGTHS,
    "axes_of: 0: +1": "all columns are of one length, or the layer is refused: any of them will do",
    "axes_of: 0: -1": "as above",
    "solved: min(coefficient.values()) < 0: Lt 0": SIGN,
    "solved: min(coefficient.values()): max": SIGN,
    "solved: 0: +1": SIGN,
    "solved: 0: -1 (2)": "the last of one is the first",
    "solved: 0: -1 (4)": "the last of one is the first",
    "cases: 0: -1": "the last of one is the first",
    "main: 1: +1 (2)": "two bytes more than the limit are too many as well",
}


@pytest.mark.parametrize("where", sorted({where for where, *_ in MUTANTS.values()}))
def test_every_mutant_of_the_checker_is_killed(where, judged):
    assert EQUIVALENT.keys() <= MUTANTS.keys()
    own = [name for name in MUTANTS if MUTANTS[name][0] == where]
    survivors = [name for name in own if name not in EQUIVALENT and not killed(name, judged)]
    assert survivors == []
