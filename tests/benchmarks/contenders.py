"""Who is timed: the lowered code, the frameworks, and NumPy code as people write it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from symconv import Conv, Lowered, lower
from tests.benchmarks import peers
from tests.benchmarks.cases import FORWARD, INPUT_GRADIENT, WEIGHT_GRADIENT, Task
from tests.benchmarks.races import Call


@dataclass(frozen=True)
class Contender:
    """What makes, of a task, the function that is timed, or None; and the library that it needs."""

    make: Callable[[Task], Call | None]
    library: str = "numpy"


def _symconv(task: Task, lowered: Callable[[Conv], Lowered]) -> Call:
    code, a, w, delta = lowered(task.layer), task.a, task.w, task.delta
    calls: dict[str, Call] = {
        FORWARD: lambda: code.forward(a, w, None),
        INPUT_GRADIENT: lambda: code.input_gradient(delta, w),
        WEIGHT_GRADIENT: lambda: code.weight_gradient(delta, a),
    }
    return calls[task.direction]


def _torch(task: Task) -> Call:
    """The convolutions of torch.nn.functional, and what its autograd calls for one gradient alone."""
    torch, layer = import_module("torch"), task.layer
    a, w, delta = map(torch.from_numpy, (task.a, task.w, task.delta))
    options = (layer.stride, task.padding, layer.dilation)
    if task.direction == FORWARD:
        functional = torch.nn.functional
        convolution = (functional.conv1d, functional.conv2d, functional.conv3d)[len(layer.stride) - 1]
        return lambda: convolution(a, w, None, *options, layer.groups)
    at = 0 if task.direction == INPUT_GRADIENT else 1
    backward, none = torch.ops.aten.convolution_backward, [0] * len(layer.stride)
    mask = [at == 0, at == 1, False]
    return lambda: backward(delta, a, w, None, *options, False, none, layer.groups, mask)[at]


def _jax(task: Task) -> Call:
    """``lax.conv_general_dilated`` and its pullbacks, compiled; XLA drops the forward pass inside a pullback."""
    jax, layer = import_module("jax"), task.layer
    options = {"rhs_dilation": layer.dilation, "feature_group_count": layer.groups}

    def forward(a: Any, w: Any) -> Any:
        return jax.lax.conv_general_dilated(a, w, layer.stride, layer.padding, **options)

    def input_gradient(a: Any, w: Any, delta: Any) -> Any:
        return jax.vjp(lambda a: forward(a, w), a)[1](delta)[0]

    def weight_gradient(a: Any, w: Any, delta: Any) -> Any:
        return jax.vjp(lambda w: forward(a, w), w)[1](delta)[0]

    arrays = [jax.device_put(array) for array in (task.a, task.w, task.delta)]
    functions = {FORWARD: forward, INPUT_GRADIENT: input_gradient, WEIGHT_GRADIENT: weight_gradient}
    compiled, given = jax.jit(functions[task.direction]), arrays[:2] if task.direction == FORWARD else arrays
    return lambda: compiled(*given).block_until_ready()


SYMCONV = {
    "symconv": Contender(partial(_symconv, lowered=lower)),
    "symconv numba": Contender(partial(_symconv, lowered=partial(lower, backend="numba")), "numba"),
}
FRAMEWORKS = {"torch": Contender(_torch, "torch"), "jax": Contender(_jax, "jax")}
PEERS = {
    "einsum": Contender(peers.einsum),
    "im2col": Contender(peers.im2col),
    "autograd": Contender(peers.autograd, "autograd"),
    "mygrad": Contender(peers.mygrad, "mygrad"),
    "scipy direct": Contender(partial(peers.scipy_signal, method="direct"), "scipy"),
    "scipy fft": Contender(partial(peers.scipy_signal, method="fft"), "scipy"),
}
CONTENDERS = SYMCONV | FRAMEWORKS | PEERS

# Every library reads one of these when it starts.
THREAD_VARIABLES = (
    "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMBA_NUM_THREADS",
    "NPROC",  # XLA
)  # fmt: skip


def environment(threads: int) -> dict[str, str]:
    """The variables that make every library use so many threads."""
    variables = dict.fromkeys(THREAD_VARIABLES, str(threads))
    eigen = "true" if threads > 1 else "false"
    return variables | {
        "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen={eigen}",
        "JAX_PLATFORMS": "cpu",
        "JAX_ENABLE_X64": "1",
    }


def installed(threads: int) -> dict[str, Contender]:
    """The contenders whose library is there, ready to run with so many threads."""
    if find_spec("torch"):
        torch: Any = import_module("torch")
        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
    return {name: contender for name, contender in CONTENDERS.items() if find_spec(contender.library)}
