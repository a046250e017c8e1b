"""The process that runs an implementation: it loads it, makes the calls it is sent, and answers each.

In: messages on stdin.  Out: answers on what was stdout when it began; what the implementation prints goes elsewhere.
Never: started by hand; `Sandbox` starts it, and it ends when `Sandbox` does.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict, replace
from importlib import import_module
from queue import SimpleQueue
from threading import Thread
from typing import IO, Any

from symconv.auditing import wire
from symconv.auditing.protocol import Implementation
from symconv.auditing.running import Answer, Call, Failed, Failure, Returned, observe
from symconv.auditing.targets import folder, load
from symconv.errors import InvalidTarget, SymconvError, shortened

LARGEST_FILE = 2**28  # bytes: a function that prints without end does not fill the disk
OUT_OF_MEMORY = ("MemoryError", "bad_alloc", "allocate memory", "out of memory", "Out of memory", "RESOURCE_EXHAUSTED")

_C = ctypes.CDLL(None) if os.name == "posix" else None

Message = tuple[dict[str, Any], memoryview]


def main() -> None:
    """Serve until the pipe is closed; never returns."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, answers = _channels()
    faulthandler.enable(all_threads=False)
    inbox: SimpleQueue[Message] = SimpleQueue()
    Thread(target=_receive, args=(requests, inbox), daemon=True).start()
    settings, _ = inbox.get()
    memory: int | None = settings["memory"]
    _limit(memory)
    implementation = _loaded(settings, answers)
    home = os.getpid()
    while True:
        header, body = inbox.get()
        _send(answers, wire.frame({"kind": "taken"}))
        reader = wire.Reader(body)
        for told in header["calls"]:
            answer = _answer(implementation, reader.call(told), memory)
            if os.getpid() != home:  # the implementation forked, and its child came back to us
                os._exit(0)
            _send(answers, answer)


def _channels() -> tuple[IO[bytes], IO[bytes]]:
    """The pipe for messages and the one for answers, under numbers that the implementation does not know."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing, tempfile.TemporaryFile(buffering=0) as printed:
        os.dup2(nothing.fileno(), 0)
        os.dup2(printed.fileno(), 1)
    return requests, answers


def _receive(requests: IO[bytes], inbox: SimpleQueue[Message]) -> None:
    """Pass on what comes; when the pipe is closed, end the process, whatever it is busy with."""
    while (message := wire.read(requests)) is not None:
        inbox.put(message)
    os._exit(0)


def _send(answers: IO[bytes], frame: bytes) -> None:
    answers.write(frame)
    answers.flush()


def _limit(memory: int | None) -> None:
    """Limit the memory that can be written to, and the size of files; no core is dumped."""
    try:
        resource: Any = import_module("resource")
    except ImportError:
        return
    wanted = {"RLIMIT_DATA": memory, "RLIMIT_FSIZE": LARGEST_FILE, "RLIMIT_CORE": 0}
    for name, value in wanted.items():
        with suppress(AttributeError, ValueError, OSError):
            kind = getattr(resource, name)
            _, hard = resource.getrlimit(kind)
            if value is not None and (hard == resource.RLIM_INFINITY or value < hard):
                resource.setrlimit(kind, (value, hard))


def _loaded(settings: dict[str, Any], answers: IO[bytes]) -> Implementation:
    """The implementation; where it cannot be loaded, say so and end."""
    target = settings["target"]
    sys.argv[:] = [target]
    if (home := folder(target)) not in sys.path:  # for good: functions import when they are called, too
        sys.path.insert(0, home)
    try:
        found = load(target, settings["adapter"], settings["forward"])
    except SymconvError as error:
        _refuse(answers, error)
    except (Exception, SystemExit) as error:
        text = " ".join(str(error).split())
        _refuse(answers, InvalidTarget(f"{target!r} cannot be audited: {type(error).__name__}: {shortened(text, 200)}"))
    _printed()
    described = {
        "name": found.name,
        "support": asdict(found.support),
        "dtypes": found.dtypes,
        "symbolic": found.symbolic,
        "has_forward": found.forward is not None,
    }
    _send(answers, wire.frame({"kind": "ready", "implementation": described}))
    return found


def _refuse(answers: IO[bytes], error: SymconvError) -> None:
    _send(answers, wire.frame({"kind": "error", "class": type(error).__name__, "text": str(error)}))
    os._exit(0)


def _answer(implementation: Implementation, call: Call, memory: int | None) -> bytes:
    """One call, and the message that says what came of it."""
    _emptied(2)
    try:
        seen = _with_prints(observe(implementation, call))
        return wire.observation_frame(_explained(seen, memory))
    except wire.Refused as error:
        return wire.observation_frame(Failed(Failure.MALFORMED, f"the result cannot be read back: {error}"))
    except BaseException as error:  # ours to report, whatever it is: KeyboardInterrupt, no memory for a copy
        told = f"{type(error).__name__}: {str(error)[:200]}".removesuffix(": ")
        return wire.observation_frame(_explained(Failed(Failure.RAISED, told), memory))


def _with_prints(seen: Answer) -> Answer:
    """Note what was printed beneath Python: by C code, or by another process."""
    printed = _printed().strip()
    if not printed or not isinstance(seen, Returned | Failed) or any(n.startswith("prints") for n in seen.notes):
        return seen
    return replace(seen, notes=(*seen.notes, f"prints to stdout: {shortened(printed.splitlines()[0])}"))


def _explained(seen: Answer, memory: int | None) -> Answer:
    """An exception for want of memory is no exception that the implementation chose to raise."""
    if not isinstance(seen, Failed) or not any(words in seen.text for words in OUT_OF_MEMORY):
        return seen
    limit = "" if memory is None else f" of {wire.megabytes(memory)}"
    return replace(seen, failure=Failure.DIED, text=f"it went over the memory limit{limit}: {seen.text}")


def _printed() -> str:
    """The beginning of what has been printed since the last time."""
    with suppress(Exception):  # the implementation may have closed or replaced it
        sys.stdout.flush()
    if _C is not None:
        _C.fflush(None)
    return _emptied(1)


def _emptied(descriptor: int) -> str:
    """The beginning of a file that is then made empty."""
    with suppress(OSError):
        if os.fstat(descriptor).st_size:
            os.lseek(descriptor, 0, os.SEEK_SET)
            text = os.read(descriptor, 4096).decode(errors="replace")
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)
            return text
    return ""
