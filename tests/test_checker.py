"""The independent checker: what it accepts is true, what is false it refuses, and each line of it is needed for that."""

import ast
import contextlib
import copy
import io
import random
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

REFUSED = {
    "text", "truncated", "field twice", "field dropped", "field renamed", "field added", "type", "too many items",
    "traces moved", "witnesses moved", "leaf moved", "claim exchanged", "partial model", "false model",
}  # fmt: skip
FORMAT_ONLY = {
    "text",
    "integer",
    "forgery: seven variables",
    "too many items",
}  # where the second checker has no limits


def judge(corruption):
    """Refused by both checkers in one line, or accepted by both and not of a kind that must be refused."""
    try:
        refused, accepted = "", bool(checker.check(checker.parse(corruption.text)))
    except checker.Rejected as error:
        refused, accepted = str(error), False
    assert refused.isascii(), corruption
    assert refused.isprintable(), corruption
    assert len(refused) < 300, corruption
    if accepted or corruption.kind not in FORMAT_ONLY:
        assert accepted == second_checker.accepts(corruption.text), corruption
    if accepted:
        assert corruption.kind not in REFUSED, corruption
        assert not corruption.kind.startswith("forgery"), corruption
    return accepted


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
    kinds = Counter()
    for corruption in some(make(), each):
        kinds[judge(corruption)] += 1
    assert kinds[False] > 9 * kinds[True]


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
        assert refusal(as_bytes(certificate(1, False, None, own, "shape"))) == "more than 5000000 triples to test"
        assert verdict(as_bytes(certificate(1, False, None, own)))
    for size, ok in ((5_000_000, True), (5_000_001, False)):
        own = certificates.layer(1, input_size=[size], kernel_size=[1], stride=[size], padding=[[0, 0]])
        assert bool(verdict(as_bytes(certificate(1, False, ("bias",), own, "shape")))) is ok


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
        assert checker.follow(claim, ndim, flip, trace)
        near = [(kind, term) for kind, term in certificates.near_terms(true, ndim) if term != true]
        false = 0
        for kind, term in chance.sample(near, min(count, len(near))):
            false += certificates.shown_false(term, claim, ndim, flip)
            monkeypatch.setattr(checker, "theorem", lambda *_, term=term: term)
            with pytest.raises(checker.Rejected, match="does not end at the closed form"):
                checker.follow(claim, ndim, flip, trace)
            monkeypatch.undo()
            assert kind
        assert false > 0.9 * min(count, len(near))


def test_a_theorem_for_the_other_side_is_not_proved(monkeypatch):
    """Named mistakes: the paddings exchanged, the remainder lost, the kernel not rotated, a stride for a dilation."""
    true = checker.theorem("input", 1, False)
    kinds = {
        kind for kind, term in certificates.near_terms(true, 1) if certificates.shown_false(term, "input", 1, False)
    }
    assert kinds >= {
        "guard: low and high", "read: low and high", "index: tap mirrored", "guard dropped: div", "guard dropped: in",
        "guard: constant", "guard: coefficient", "guard: variable", "tensors exchanged", "a factor lost",
    }  # fmt: skip


def false_statements(name, count, seed=0):
    near = list(certificates.near_statements(name))
    found = [(kind, s) for kind, s in random.Random(seed).sample(near, min(count, len(near)))]
    return [(kind, s) for kind, s in found if certificates.counterexample(s) is not None]


@pytest.mark.parametrize("name", checker.STATEMENTS)
def test_no_witness_of_another_statement_proves_a_false_one(name, monkeypatch):
    false = false_statements(name, 60)
    assert len(false) > 5
    for kind, statement in false:
        monkeypatch.setitem(checker.STATEMENTS, name, statement)
        for other in checker.STATEMENTS:
            with pytest.raises(checker.Rejected):
                checker.check_witness(name, certificates.witness(other))
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


@pytest.mark.parametrize("name", ["input, size", "weight, size", "input, reads", "weight, reads"])
def test_the_remainder_is_needed(name, monkeypatch):
    """Padding without the r, and with the paddings exchanged: false, and refused."""
    hypotheses, goal = checker.STATEMENTS[name]
    for length in (checker.INPUT_LENGTH, checker.WEIGHT_LENGTH):
        for other in (length.removesuffix(" + r").removesuffix(" - r"), length + " + 1"):
            statement = (hypotheses.replace(length, other), goal.replace(length, other))
            if statement != (hypotheses, goal):
                assert certificates.counterexample(statement)
                monkeypatch.setitem(checker.STATEMENTS, name, statement)
                with pytest.raises(checker.Rejected):
                    checker.check_witness(name, certificates.witness(name))


def test_the_second_checker_notices_a_false_row(monkeypatch):
    """It evaluates: with another closed form it refuses every certificate."""
    text = as_bytes(certificate(1, False, ("input",)))
    assert second_checker.accepts(text)
    true = second_checker._closed_form

    def without_remainder(axis, row):
        other = copy.copy(axis)
        other.rest = 0
        return true(other, row)

    monkeypatch.setattr(second_checker, "_closed_form", without_remainder)
    for cached in (second_checker._rows_hold, second_checker._layers_hold):
        cached.cache_clear()
    assert second_checker._rows_hold() == {"forward": True, "input": False, "weight": False}
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


def sites(tree):
    """Every node that may be mutated: not annotations, documentation or the wording of a refusal."""
    pending, found = [(tree, "module")], []
    while pending:
        node, where = pending.pop(0)
        if isinstance(node, ast.FunctionDef):
            where = node.name
        found.append((node, where))
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "type_comment"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if not isinstance(child, ast.AST) or _is_no_code(node, field, child):
                    continue
                pending.append((child, where))
    return found


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


def mutants():
    """The names of all mutants: function, line of the function, expression, what is done."""
    tree = ast.parse(SOURCE)
    found = {}
    seen = Counter()
    for at, (node, where) in enumerate(sites(tree)):
        for number, (what, _) in enumerate(edits(node)):
            name = f"{where}: {ast.unparse(node)[:90]}: {what}".replace("\n", " ")
            seen[name] += 1
            found[name if seen[name] == 1 else f"{name} ({seen[name]})"] = (where, at, number)
    return found


MUTANTS = mutants()


def mutated(name):
    """The checker with one change, as a module."""
    tree = ast.parse(SOURCE)
    _, at, number = MUTANTS[name]
    node, _ = sites(tree)[at]
    list(edits(node))[number][1]()
    module = types.ModuleType("mutant")
    exec(compile(ast.fix_missing_locations(tree), "mutant", "exec"), module.__dict__)
    return module


def corpus():
    """Certificates and what the checker says to them."""
    yield from (as_bytes(make()) for name, make in VALID.items() if "4" not in name and "5" not in name)
    for found, each in (
        (tiny(), 40),
        (certificate(2, False, None, LAYER, "shape"), 25),
        (certificate(1, False, ("bias",), certificates.layer(1)), 25),
        (certificate(1, True, ("weight",)), 4),
    ):
        yield from (corruption.text for corruption in some(found, each, seed=5, count=20))


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
    folder = tmp_path_factory.mktemp("certificates")
    (folder / "good.json").write_bytes(as_bytes(tiny()))
    (folder / "bad.json").write_bytes(b"{}")
    (folder / "long.json").write_bytes(as_bytes(tiny()).ljust(checker.MAX_BYTES + 1))
    return folder, outputs(checker, folder), [(text, verdict(text)) for text in corpus()]


def killed(name, judged):
    """Whether the corpus tells a mutant from the checker. What killed one mutant is tried first on the next."""
    folder, expected, texts = judged
    try:
        module = mutated(name)
        for at, (text, lines) in enumerate(texts):
            if verdict(text, module) != lines:
                texts.insert(0, texts.pop(at))
                return True
        return outputs(module, folder) != expected
    except Exception:  # a crash is a difference
        return True


EQUIVALENT: dict[str, str] = {}


@pytest.mark.parametrize("where", sorted({where for where, _, _ in MUTANTS.values()}))
def test_every_mutant_of_the_checker_is_killed(where, judged):
    own = [name for name in MUTANTS if MUTANTS[name][0] == where]
    survivors = [name for name in own if name not in EQUIVALENT and not killed(name, judged)]
    assert survivors == []
