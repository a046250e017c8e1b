"""Calls of an implementation in a process of its own: what hangs or dies there is an observation here.

In: a target, and calls.  Out: one observation for each call, in order, whatever the implementation does.
Never: code or pickles from that process, or anything that it prints.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from symconv import errors
from symconv.auditing import wire
from symconv.auditing.child import Child, Ended, Late
from symconv.auditing.protocol import Described, Support
from symconv.auditing.running import Call, Failed, Failure, NotCalled, Observation, Returned
from symconv.errors import InvalidTarget, SymconvError

RESTARTS = 3  # in a row, without one answer
BATCH = 256  # calls sent at once
ENDED = "ended its process after many calls, and not when it was called anew: does it keep memory?"
BATCH_BYTES = 4 * 2**20


class Sandbox:
    """Runs an implementation in a child process, with limits of time and memory; for one thread at a time.

    A call that hangs or ends the process is `Failed`, that call alone: the process is started anew for those that
    follow. A call that ends a process which had answered others is made once more, in a fresh one, and judged by that:
    what many calls left behind is not its fault. After three restarts in a row without an answer the remaining calls of
    that run are `NotCalled`.

    Parameters
    ----------
    target, adapter, forward
        As `targets.load` takes them; the child loads the target, this process never does.
    limit
        Seconds for each call.
    start_limit
        Seconds for starting Python and importing the target.
    memory
        Bytes that the process may allocate in all, imports included; None for no limit. On Linux this is RLIMIT_DATA,
        which counts memory that can be written to, stacks of threads included: PyTorch and JAX together come to 0.4 GiB
        of it on two cores, where their address space (RLIMIT_AS) takes 2 GiB. Where Python has no
        module `resource` (Windows), or the system does not enforce the limit (macOS), there is none.

    Raises
    ------
    InvalidTarget
        If the target cannot be loaded, ends the process, or takes longer than `start_limit`.
    InvalidOption, MissingLibrary
        As `targets.load` does.

    Examples
    --------
    >>> with Sandbox("missing.py:conv_backward") as sandbox:
    ...     sandbox.run([])
    Traceback (most recent call last):
    ...
    symconv.errors.InvalidTarget: there is no file 'missing.py' in ...
    """

    def __init__(
        self,
        target: str,
        adapter: str | None = None,
        forward: str | None = None,
        *,
        limit: float = 10.0,
        start_limit: float = 60.0,
        memory: int | None = 4 * 2**30,
    ) -> None:
        self._settings = {"target": target, "adapter": adapter, "forward": forward, "memory": memory}
        self._limit, self._start_limit = limit, start_limit
        self._folder = os.getcwd()
        self._failures = 0  # in a row
        self._answers = 0  # of the process that runs
        self._again = False  # whether the next call ended a process that had answered others
        self._last: Failed = Failed(Failure.DIED, "the process was not started")
        self._child: Child | None = None
        self._child, self._implementation = self._started()

    @property
    def implementation(self) -> Described:
        """What is audited."""
        return self._implementation

    @property
    def process(self) -> int | None:
        """The child's process id, or None while there is none."""
        return None if self._child is None else self._child.process_id

    def run(self, calls: Sequence[Call]) -> list[Observation]:
        """One observation for each call, in order.

        The arrays of a call hold numbers, or ints and polynomials as objects; `wire.Refused` is raised for others.
        """
        found: list[Observation] = []
        self._failures = 0
        try:
            while len(found) < len(calls):
                if self._failures > RESTARTS:
                    return found + [NotCalled(self._last.text)] * (len(calls) - len(found))
                found += self._batch(calls, len(found))
        except BaseException:  # Ctrl-C: nobody waits for the answers any more
            self.close()
            raise
        return found

    def close(self) -> None:
        """End the process; a later run starts it anew."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _started(self) -> tuple[Child, Described]:
        target = self._settings["target"]
        child = Child(self._folder)
        try:
            child.send(wire.frame(self._settings))
            header, _ = child.receive(self._start_limit)
            if header.get("kind") == "ready":
                return child, _described(header["implementation"])
            raise _error(header)
        except Late as late:
            raise InvalidTarget(f"importing {target} took more than {self._start_limit:g} s{_at(late.where)}") from None
        except Ended as ended:
            raise InvalidTarget(f"importing {target} failed: {ended.text}{_at(ended.where)}") from None
        except BaseException:
            child.end()
            raise

    def _batch(self, calls: Sequence[Call], start: int) -> list[Observation]:
        """Observations of some calls, from `start` on: as many as one process answers."""
        batch = _together(calls, start)
        frame = wire.calls_frame(batch)
        found: list[Observation] = []
        taken = False
        try:
            if self._child is None:
                self._child, self._implementation = self._started()
                self._answers = 0
            self._child.send(frame)
            self._child.receive(self._limit)
            taken = True
            while len(found) < len(batch):
                found.append(self._answer(self._child, batch[len(found)]))
        except Late as late:
            self._failed(Failed(Failure.HUNG, f"no answer within {self._limit:g} s", late.where), found, taken)
        except Ended as ended:
            # What many calls left behind can end a process; only a call that ends a fresh one too is at fault.
            self._again = taken and self._answers > 0
            self._failed(Failed(Failure.DIED, ended.text, ended.where), found, taken and not self._again)
        except SymconvError as error:  # it started before, and does so no more
            self._failures = RESTARTS
            self._failed(Failed(Failure.DIED, f"the process could not be started anew: {error}"), found, True)
        return found

    def _answer(self, child: Child, call: Call) -> Observation:
        answer = child.receive(self._limit)
        try:
            seen = wire.observation(*answer, slots=len(call.slots))
        except wire.Refused as refused:
            child.end()
            raise Ended(f"the process answered what makes no sense: {refused}", "") from None
        if isinstance(seen, Failed) and seen.failure is Failure.DIED:  # out of memory: what it holds stays held
            child.end()
            raise Ended(seen.text, seen.where)
        self._failures = 0
        self._answers += 1
        if self._again and isinstance(seen, Returned):
            seen = replace(seen, notes=(*seen.notes, ENDED))
        self._again = False
        return seen

    def _failed(self, failure: Failed, found: list[Observation], taken: bool) -> None:
        """Count a failure; it is that of the call under way, if the process had taken the calls at all."""
        self._child = None
        self._failures += 1
        self._last = failure
        if taken:
            found.append(failure)


def _together(calls: Sequence[Call], start: int) -> Sequence[Call]:
    """The calls that are sent at once: not too many, nor too large, but one at least."""
    size, end = 0, start
    while end < min(len(calls), start + BATCH) and (end == start or size < BATCH_BYTES):
        size += sum(array.nbytes for array in calls[end].arrays)
        end += 1
    return calls[start:end]


def _described(told: dict[str, Any]) -> Described:
    support = Support(**told["support"])
    return Described(told["name"], support, tuple(told["dtypes"]), told["symbolic"], told["has_forward"])


def _error(header: dict[str, Any]) -> SymconvError:
    """The error that the child met, of the same class."""
    kind = getattr(errors, str(header.get("class")), None)
    text = str(header.get("text"))
    return kind(text) if isinstance(kind, type) and issubclass(kind, SymconvError) else InvalidTarget(text)


def _at(where: str) -> str:
    return f" ({where})" if where else ""
