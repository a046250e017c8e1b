"""Whatever an implementation does in the sandbox is an observation here, of one call, and nothing of it leaks."""

import io
import os
import signal
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from symconv.auditing import wire
from symconv.auditing.protocol import Support
from symconv.auditing.running import Call, Failed, Failure, InProcess, NotCalled, NotSupported, Returned
from symconv.auditing.sandbox import RESTARTS, Described, Sandbox
from symconv.auditing.targets import load
from symconv.errors import InvalidOption, InvalidTarget, MissingLibrary, SymconvError
from symconv.layer import Conv
from symconv.polynomial import Entry, Partial, Polynomial, Quotient

posix = pytest.mark.skipif(os.name != "posix", reason="signals and limits of POSIX")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no limit of memory elsewhere")

FUNCTIONS = """
import ctypes, os, signal, subprocess, sys, threading, time
import numpy as np

print("hello from the import")
os.write(1, b"and beneath Python")
os.write(2, b"and on stderr")
held = []

def convention(function):
    def backward(delta, a, w, *, stride, padding, dilation, groups):
        if a.flat[0] == 1:  # the odd call
            return function(delta, a, w)
        return a + 1, w * 2, None
    return backward

@convention
def good(delta, a, w):
    return 5 * a, 6 * w, delta.sum((0, 2, 3))

@convention
def hang(delta, a, w):
    while True:
        pass

@convention
def sleep(delta, a, w):
    time.sleep(3600)

@convention
def segfault(delta, a, w):
    ctypes.string_at(0)

@convention
def killed(delta, a, w):
    os.kill(os.getpid(), signal.SIGKILL)

@convention
def left(delta, a, w):
    os._exit(7)

@convention
def last_words(delta, a, w):
    os.write(2, b"free(): invalid pointer\\n")
    os.abort()

@convention
def exits(delta, a, w):
    sys.exit(3)

@convention
def interrupted(delta, a, w):
    raise KeyboardInterrupt

@convention
def greedy(delta, a, w):
    while True:
        held.append(np.empty(2**22))

@convention
def printing(delta, a, w):
    print("from Python")
    return a, w, None

@convention
def printing_beneath(delta, a, w):
    os.write(1, b"from beneath\\n")
    return a, w, None

@convention
def printing_in_c(delta, a, w):
    ctypes.CDLL(None).puts(b"from C")
    return a, w, None

@convention
def printing_elsewhere(delta, a, w):
    subprocess.run(["echo", "from another process"], check=True)
    sys.stderr.write("on stderr")
    return a, w, None

@convention
def reading(delta, a, w):
    return input()

@convention
def changing(delta, a, w):
    a[:] = 0
    return a, w, None

@convention
def unsupported(delta, a, w):
    raise NotImplementedError("no stride")

@convention
def raising(delta, a, w):
    raise ValueError("shapes do not match")

@convention
def huge(delta, a, w):
    return np.empty(2**26), w, None

@convention
def strange(delta, a, w):
    return np.array([{}], object), w, None

@convention
def meddling(delta, a, w):
    for number in range(3, 20):
        try:
            os.write(number, b"x" * 100)
        except OSError:
            pass

@convention
def lazy(delta, a, w):
    import beside
    return beside.value * a, w, None

@convention
def forking(delta, a, w):
    os.fork()
    return a, w, None

several = [good, printing, printing_beneath, printing_in_c, printing_elsewhere, exits, interrupted, raising, reading]

def each(delta, a, w, **options):
    return several[int(a.flat[0])](delta, 1 + 0 * a, w, **options)

def always_dead(delta, a, w, **options):
    os._exit(1)

def echo(delta, a, w, **options):
    return delta, a, w

def summing(delta, a, w, **options):
    return (a * 2 + delta * 3, w * w, np.array([a.sum()]))

def forward(a, w, b, *, stride, padding, dilation, groups):
    return a[:, :, 1:, 1:] + len(stride)
"""

LAYER = Conv((3, 3), (2, 2))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "f.py").write_text(FUNCTIONS)
    (tmp_path / "beside.py").write_text("value = 4")
    (tmp_path / "temporary").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path


def call(value, dtype=float, forward=False):
    sides = (3, 2, 1) if forward else (2, 3, 2)
    return Call(LAYER, tuple(np.full((1, 1, n, n)[: 1 if n == 1 else 4], value, dtype) for n in sides), forward)


def sandbox(function, **options):
    return Sandbox(f"f.py:{function}", **{"limit": 5.0, "start_limit": 20.0} | options)


def seen(function, values=(0, 1, 2), **options):
    """What is seen of calls with these values; the one with 1 is odd."""
    with sandbox(function, **options) as runner:
        return runner.run([call(value) for value in values])


def assert_answered(observation, value):
    assert isinstance(observation, Returned), observation
    assert (observation.arrays[0] == value + 1).all()
    assert (observation.arrays[1] == value * 2).all()
    assert observation.arrays[2] is None


def is_running(process):
    try:
        return " Z " not in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False


def test_calls_are_answered_as_in_this_process():
    here = InProcess(load("f.py:good")).run([call(value) for value in (0, 1, 2)])
    for ours, theirs in zip(here, seen("good"), strict=True):
        assert ours.notes == theirs.notes
        for left, right in zip(ours.arrays, theirs.arrays, strict=True):
            assert (left is None and right is None) or (left.dtype == right.dtype and (left == right).all())


def test_arrays_that_come_back_can_be_changed():
    with sandbox("good") as runner:
        first, second = runner.run([call(0), call(0)])
    first.arrays[0][:] = 9
    assert_answered(second, 0)


def test_a_forward_function_is_called_too():
    with sandbox("good", forward="forward") as runner:
        (z,) = runner.run([call(4, forward=True)])
        assert runner.implementation.has_forward
    assert z.arrays[0].tolist() == [[[[6.0, 6.0], [6.0, 6.0]]]]


def test_the_implementation_is_described():
    with sandbox("good") as runner:
        assert runner.implementation == Described("f.py:good", Support(), ("float64",), True, False)


def line_at(where):
    """The line of the functions above that an observation names."""
    name, _, line = where.partition(":")
    assert name == "f.py"
    return FUNCTIONS.splitlines()[int(line) - 1].strip()


@posix
@pytest.mark.parametrize(("function", "lines"), [("hang", ("while True:", "pass")), ("sleep", ("time.sleep(3600)",))])
def test_what_hangs_is_stopped_and_the_other_calls_are_answered(function, lines):
    before, odd, after = seen(function, limit=0.5)
    assert_answered(before, 0)
    assert odd == Failed(Failure.HUNG, "no answer within 0.5 s", odd.where)
    assert line_at(odd.where) in lines
    assert_answered(after, 2)


DEATHS = {
    "segfault": "the process was ended by SIGSEGV (segmentation fault)",
    "killed": "the process was ended by SIGKILL (killed)",
    "left": "the process ended with exit code 7",
    "last_words": "the process was ended by SIGABRT (aborted): free(): invalid pointer",
}


@posix
@pytest.mark.parametrize("function", DEATHS)
def test_a_death_is_that_of_one_call(function):
    before, odd, after = seen(function)
    assert_answered(before, 0)
    assert odd == Failed(Failure.DIED, DEATHS[function], odd.where)
    assert_answered(after, 2)
    if function == "segfault":
        assert line_at(odd.where) == "ctypes.string_at(0)"


def test_what_is_raised_is_told_and_the_process_goes_on():
    with sandbox("each") as runner:
        process = runner.process
        found = runner.run([call(value) for value in (5, 6, 7, 8, 0)])
        assert runner.process == process
    assert {odd.failure for odd in found[:4]} == {Failure.RAISED}
    assert [odd.text for odd in found[:4]] == [
        "SystemExit: 3",
        "KeyboardInterrupt",
        "ValueError: shapes do not match",
        "EOFError: EOF when reading a line",
    ]
    assert isinstance(found[4], Returned)


@linux
def test_a_call_that_eats_memory_is_stopped_and_what_it_holds_is_freed():
    before, odd, after = seen("greedy", memory=2**31)
    assert_answered(before, 0)
    assert odd.failure is Failure.DIED
    assert odd.text.startswith("it went over the memory limit of 2 GiB: ")
    assert "MemoryError: Unable to allocate" in odd.text
    assert_answered(after, 2)


def test_what_is_not_supported_is_told():
    (here,) = InProcess(load("f.py:unsupported")).run([call(1)])
    assert isinstance(here, NotSupported)
    assert seen("unsupported")[1] == here


@posix
def test_what_is_printed_is_noted_and_never_reaches_our_own_streams(capfd):
    found = seen("each", (0, 1, 2, 0, 3, 4, 0))
    printed = [None, "from Python", "from beneath", None, "from C", "from another process", None]
    assert [o.notes for o in found] == [(f"prints to stdout: {text!r}",) if text else () for text in printed]
    assert capfd.readouterr() == ("", "")


def test_a_changed_argument_is_noted_and_ours_stays_as_it_was():
    given = call(1)
    with sandbox("changing") as runner:
        (odd,) = runner.run([given])
    assert odd.notes == ("changes its argument a: work on a copy",)
    assert (given.arrays[1] == 1).all()


def test_an_answer_that_is_too_large_is_refused():
    _, odd, after = seen("huge")
    assert odd == Failed(
        Failure.MALFORMED, "the result cannot be read back: 512 MiB are more than the 256 MiB of an answer"
    )
    assert_answered(after, 2)


def test_objects_are_refused():
    with sandbox("strange") as runner:
        (odd,) = runner.run([call(1, object)])
    assert odd.failure is Failure.MALFORMED
    assert odd.text.endswith("an array holds a dict but expected numbers and polynomials")


@posix
def test_what_writes_among_the_answers_is_stopped():
    before, odd, after = seen("meddling")
    assert_answered(before, 0)
    assert odd == Failed(Failure.DIED, "the process answered what makes no sense")
    assert_answered(after, 2)


def test_functions_import_when_they_are_called_too():
    assert (seen("lazy")[1].arrays[0] == 4).all()


@posix
def test_a_fork_answers_once():
    before, _, after = seen("forking")
    assert_answered(before, 0)
    assert_answered(after, 2)


def test_after_three_restarts_in_a_row_the_rest_is_not_called():
    started = time.monotonic()
    observations = seen("always_dead", range(40))
    assert time.monotonic() - started < 15
    made = [o for o in observations if isinstance(o, Failed)]
    assert len(made) == RESTARTS + 1
    assert {o.text for o in made} == {"the process ended with exit code 1"}
    assert set(observations[len(made) :]) == {NotCalled("the process ended with exit code 1")}


def test_failures_between_answers_are_no_reason_to_stop():
    observations = seen("left", [1, 0] * (RESTARTS + 2))
    assert [type(o) for o in observations] == [Failed, Returned] * (RESTARTS + 2)


@posix
def test_a_child_that_is_killed_in_between_is_started_anew():
    with sandbox("good") as runner:
        first = runner.process
        (before,) = runner.run([call(0)])
        os.kill(first, signal.SIGKILL)
        (after,) = runner.run([call(2)])
        assert runner.process != first
    assert_answered(before, 0)
    assert_answered(after, 2)


def test_a_closed_sandbox_starts_anew_and_leaves_nothing(tmp_path):
    runner = sandbox("good")
    first = runner.process
    runner.close()
    runner.close()
    assert runner.process is None
    assert_answered(runner.run([call(0)])[0], 0)
    second = runner.process
    runner.close()
    assert not is_running(first)
    assert not is_running(second)
    with pytest.raises(ChildProcessError):
        os.waitpid(second, os.WNOHANG)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_sandbox_that_is_forgotten_ends_its_process():
    runner = sandbox("good")
    process = runner.process
    assert is_running(process)
    del runner
    assert not is_running(process)


def test_nothing_is_asked_for_no_calls():
    with sandbox("good") as runner:
        assert runner.run([]) == []


@posix
def test_ctrl_c_ends_the_child():
    def interrupt(number, frame):
        raise KeyboardInterrupt

    former = signal.signal(signal.SIGALRM, interrupt)
    try:
        with sandbox("hang", limit=30) as runner:
            process = runner.process
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            with pytest.raises(KeyboardInterrupt):
                runner.run([call(1)])
            assert not is_running(process)
            assert runner.process is None
    finally:
        signal.signal(signal.SIGALRM, former)


@posix
def test_the_child_ignores_ctrl_c():
    with sandbox("good") as runner:
        process = runner.process
        os.kill(process, signal.SIGINT)
        assert_answered(runner.run([call(0)])[0], 0)
        assert runner.process == process


USER = """
from symconv.auditing.sandbox import Sandbox
from symconv.auditing.running import Call
from symconv.layer import Conv
import numpy as np
print("main", __name__, flush=True)
runner = Sandbox("f.py:{function}")
print(runner.process, flush=True)
print(runner.run([Call(Conv(3, 2), tuple(np.full((1, 1, n), {value}.) for n in (2, 3, 2)))])[0].arrays[0], flush=True)
"""


@posix
def test_a_child_that_hangs_does_not_outlive_its_parent(tmp_path):
    (tmp_path / "user.py").write_text(USER.format(function="hang", value=1))
    with subprocess.Popen([sys.executable, "user.py"], stdout=subprocess.PIPE, text=True) as parent:
        parent.stdout.readline()
        process = int(parent.stdout.readline())
        assert is_running(process)
        parent.kill()
    deadline = time.monotonic() + 5
    while is_running(process) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_running(process)


@pytest.mark.parametrize("arguments", [["user.py"], ["-m", "user"], ["-"]], ids=["script", "module", "stdin"])
def test_the_users_main_module_is_not_run_again(arguments, tmp_path):
    source = USER.format(function="good", value=0)
    (tmp_path / "user.py").write_text(source)
    done = subprocess.run([sys.executable, *arguments], input=source, capture_output=True, text=True, timeout=30)
    assert done.stderr == ""
    assert done.stdout.splitlines()[0] == "main __main__"
    assert done.stdout.count("main") == 2
    assert done.stdout.endswith("[[[1. 1. 1.]]]\n")


ERRORS = [
    ("f.py:godo", None, InvalidTarget, "f.py has no function 'godo': did you mean good?"),
    ("f.py:good", "natvie", InvalidOption, "unknown adapter 'natvie': choose of "),
    ("bad.py:f", None, InvalidTarget, "importing bad.py failed: ZeroDivisionError: division by zero (bad.py:1)"),
    ("dies.py:f", None, InvalidTarget, "importing dies.py:f failed: the process ended with exit code 4"),
    ("slow.py:f", None, InvalidTarget, "importing slow.py:f took more than 1 s"),
    ("absent.py:f", None, MissingLibrary, "absent: pip install absent"),
]


@pytest.mark.parametrize(("target", "adapter", "kind", "text"), ERRORS)
def test_errors_of_loading_come_back_as_they_are(target, adapter, kind, text, tmp_path, capfd):
    (tmp_path / "bad.py").write_text("1 / 0")
    (tmp_path / "dies.py").write_text("import os; os._exit(4)")
    (tmp_path / "slow.py").write_text("print('slow')\nimport time; time.sleep(3600)")
    (tmp_path / "absent.py").write_text(
        "from symconv.errors import MissingLibrary\nraise MissingLibrary('absent: pip install absent')"
    )
    with pytest.raises(SymconvError) as raised:
        Sandbox(target, adapter, start_limit=1.0 if target.startswith("slow") else 20.0)
    assert type(raised.value) is kind
    assert str(raised.value).startswith(text)
    assert capfd.readouterr() == ("", "")
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_target_that_loads_no_more_fails_the_calls_that_are_left(tmp_path):
    (tmp_path / "once.py").write_text(
        "import os, pathlib\nflag = pathlib.Path('flag')\nassert not flag.exists()\nflag.touch()\n"
        "def f(delta, a, w, **options): os._exit(1)\n"
    )
    with Sandbox("once.py:f") as runner:
        first, second, third = runner.run([call(0)] * 3)
    assert first.text == "the process ended with exit code 1"
    assert second.text == (
        "the process could not be started anew: importing once.py failed: AssertionError (once.py:3)"
    )
    assert third == NotCalled(second.text)


i, n = Polynomial.of("i"), Polynomial.of("n")
x, y = Entry("a", (0, 1, -2)), Entry("E", ())
POLYNOMIALS = [
    Polynomial(),
    Polynomial.of(3),
    i * i * n - 2 * n + 10**30,
    Polynomial.product(x, x, y) * 7 - Polynomial.of(x),
    Polynomial.of(Partial(Entry("z", (1,)), x)) * i + 1,
    Polynomial.of(Quotient(i + 2 * n, 3)) * Polynomial.of(Quotient(i, n + 1)),
]


def echoed(*arrays):
    """Arrays as they come back from the child."""
    with sandbox("echo") as runner:
        (observation,) = runner.run([Call(LAYER, arrays)])
    assert isinstance(observation, Returned), observation
    return observation.arrays


def test_polynomials_go_through_the_pipe_and_back():
    given = np.array(POLYNOMIALS, dtype=object).reshape(1, 2, 3)
    found, numbers, empty = echoed(given, np.array([[0, -(10**40)], [True, 5]], object), np.zeros((0, 2), object))
    assert found.shape == given.shape
    assert found.dtype == object
    for before, after in zip(POLYNOMIALS, found.ravel(), strict=True):
        assert type(after) is Polynomial
        assert after == before
        assert after.coefficients == before.coefficients
    assert numbers.tolist() == [[0, -(10**40)], [1, 5]]
    assert empty.shape == (0, 2)


def test_an_implementation_runs_on_symbols():
    a, delta, w = (np.array([[Polynomial.of(Entry(name, (k,))) for k in range(2)]], object) for name in ("a", "d", "w"))
    with sandbox("summing") as runner:
        (observation,) = runner.run([Call(LAYER, (delta, a, w))])
    assert (observation.arrays[0] == a * 2 + delta * 3).all()
    assert (observation.arrays[1] == w * w).all()
    assert observation.arrays[2].item() == a.sum()


def test_dtypes_and_shapes_survive():
    dtypes = ("float64", "float32", "float16", "int64", "uint8", ">f4", "longdouble")
    ones = [np.arange(6).reshape(1, 2, 3).astype(dtype) for dtype in dtypes]
    calls = [Call(LAYER, (one, one[:0], one.T)) for one in ones]
    with sandbox("echo") as runner:
        found = runner.run(calls)
    for given, observation in zip(calls, found, strict=True):
        for before, after in zip(given.arrays, observation.arrays, strict=True):
            assert (before.dtype, before.shape) == (after.dtype, after.shape)
            assert (before == after).all()


def test_bfloat16_survives_bit_by_bit():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    bits = np.arange(2**16, dtype=np.uint16)
    given = bits.view(ml_dtypes.bfloat16)
    found = echoed(given, given, given)[1]
    assert found.dtype == ml_dtypes.bfloat16
    assert (found.view(np.uint16) == bits).all()


def test_many_and_large_calls_come_back_in_order():
    values = [float(v) for v in range(2, 602)]
    for value, observation in zip(values, seen("good", values), strict=True):
        assert_answered(observation, value)
    large = [Call(LAYER, (np.full(2**18, v), np.full(3, v), np.full(1, v))) for v in (3.0, 4.0, 5.0, 6.0)]
    with sandbox("echo") as runner:
        found = runner.run(large)
    assert [o.arrays[0][-1] for o in found] == [3, 4, 5, 6]


BAD_MESSAGES = [
    b"",
    b"short",
    (5).to_bytes(8, "big") + bytes(8) + b"{]}{{",
    (2).to_bytes(8, "big") + bytes(8) + b"[]",
    (2**50).to_bytes(8, "big") + bytes(8),
    (2).to_bytes(8, "big") + (9).to_bytes(8, "big") + b"{}abc",
]


@pytest.mark.parametrize("message", BAD_MESSAGES)
def test_what_is_no_message_is_read_as_the_end(message):
    assert wire.read(io.BytesIO(message)) is None


BAD_ARRAYS = [
    ["<f8", [2]],
    ["<f8", [-1]],
    ["|O", [1]],
    ["<M8[s]", [1]],
    ["zzz", [1]],
    ["<f8", "x"],
    ["object", [2], [1]],
    ["object", [1], ["a"]],
    ["object", [1], [None]],
    ["object", [1], [[[1.5, ["i"]]]]],
    ["object", [1], [[[1, [["a", "b"]]]]]],
    ["object", [1], [[[1, [[3]]]]]],
    ["object", [1], [[[1, [{"of": "a"}]]]]],
    ["object", [1], [[[1, [{"numerator": 1.5, "divisor": 2}]]]]],
    [],
    7,
]


@pytest.mark.parametrize("told", BAD_ARRAYS)
def test_what_is_no_array_is_refused(told):
    with pytest.raises(wire.Refused):
        wire.observation({"kind": "returned", "arrays": [told, 3], "notes": []}, memoryview(b"1234567"), slots=2)


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"kind": "ready"},
        {"kind": "failed", "failure": "odd", "text": "", "where": "", "notes": []},
        {"kind": "returned"},
        {"kind": "returned", "arrays": [], "notes": []},
        {"kind": "returned", "arrays": [None] * 4, "notes": []},
    ],
)
def test_what_is_no_observation_is_refused(header):
    with pytest.raises(wire.Refused):
        wire.observation(header, memoryview(b""), slots=3)


def test_only_numbers_and_polynomials_are_written():
    for wrong in (Fraction(1, 2), "text", None, 1j):
        with pytest.raises(wire.Refused, match=f"holds a {type(wrong).__name__}"):
            wire.observation_frame(Returned((np.array([wrong], object),)))
    with pytest.raises(wire.Refused, match="dtype <U1"):
        wire.observation_frame(Returned((np.array(["a"]),)))
    with pytest.raises(wire.Refused, match="digits"):
        wire.observation_frame(Returned((np.array([10**5000], object),)))


def test_what_many_calls_left_behind_is_not_held_against_the_last_of_them(tmp_path):
    """A process that ends after three calls, whatever they are: each call is right in a fresh one."""
    (tmp_path / "hoards.py").write_text(
        "import os\nmade = []\n\n\n"
        "def f(delta, a, w, *, stride, padding, dilation, groups):\n"
        "    made.append(1)\n"
        "    if len(made) > 3:\n"
        "        os._exit(3)\n"
        "    return None, None, delta.sum(axis=(0, 2))\n"
    )
    layer = Conv((3,), (2,))
    calls = [Call(layer, tuple(np.ones(s) for s in (layer.output_shape, layer.input_shape, layer.weight_shape)))] * 8
    with Sandbox(f"{tmp_path / 'hoards.py'}:f", limit=5.0) as sandbox:
        found = sandbox.run(calls)
    assert all(isinstance(seen, Returned) for seen in found)
    assert [bool(seen.notes) for seen in found] == [False, False, False, True, False, False, True, False]
