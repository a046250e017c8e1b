"""A child process as the audit sees it: messages go in and come out, in time or not, until it ends.

In: messages.  Out: answers, or `Late` or `Ended` with the line where the process was.
Never: a wait without a limit, or a process left behind.
"""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from time import monotonic
from typing import IO, Any

from symconv.auditing import wire

# The parent's sys.path, so that the child finds the same symconv; Ctrl-C is the parent's to deal with.
_BEGIN = (
    "import sys, json, signal; signal.signal(signal.SIGINT, signal.SIG_IGN); sys.path[:] = json.loads(sys.argv[1]); "
    "from symconv.auditing.worker import main; main()"
)
_FRAME = re.compile(r'^ *File "(.+)", line (\d+) in ', re.MULTILINE)
_POSIX = os.name == "posix"
_LONGEST = 2**20  # bytes at the end of stderr that are read
_ATOMIC = 4096  # bytes that a pipe takes at once
_PATIENCE = 1.0  # seconds for a process to end that has been told to

Message = tuple[dict[str, Any], memoryview]


class Late(Exception):
    """No answer came in time; `where` is the line that the process was at. The process has been ended."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


class Ended(Exception):
    """The process ended; `text` says how, `where` is the line that it was at."""

    def __init__(self, text: str, where: str) -> None:
        super().__init__(text)
        self.text, self.where = text, where


class Child:
    """A process that serves calls; it is ended when this object is, and at the end of the program."""

    def __init__(self, folder: str) -> None:
        self._said = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  it stays open for as long as the process runs
        self._answers: SimpleQueue[Message | None] = SimpleQueue()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BEGIN, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            cwd=folder,
            process_group=0 if _POSIX else None,
        )
        reader = Thread(target=_read, args=(self._process.stdout, self._answers), daemon=True)
        reader.start()
        self.end = weakref.finalize(self, _end, self._process, self._said, reader)

    @property
    def process_id(self) -> int:
        """What the system calls the process."""
        return self._process.pid

    def send(self, frame: bytes) -> None:
        """Send a message, without waiting until the process has read it."""
        writer = Thread(target=_write, args=(self._process.stdin, frame), daemon=True)
        if len(frame) <= _ATOMIC:
            writer.run()
        else:
            writer.start()

    def receive(self, limit: float) -> Message:
        """The next answer.

        Raises
        ------
        Late
            If there is none within `limit` seconds.
        Ended
            If the process has ended, or answers what makes no sense.
        """
        deadline = monotonic() + limit
        while (left := deadline - monotonic()) > 0:
            with suppress(queue.Empty):
                answer = self._answers.get(timeout=min(left, 0.5))
                if answer is None:
                    raise self._ended()
                return answer
            if self._process.poll() is not None and self._answers.empty():  # its own children may hold the pipe
                raise self._ended()
        raise self._late()

    def _late(self) -> Late:
        """End the process; SIGABRT makes it say where it is."""
        if _POSIX:
            self._process.send_signal(signal.SIGABRT)
            self._wait()
        where = _line(self._stderr())
        self.end()
        return Late(where)

    def _ended(self) -> Ended:
        self._wait()
        code, said = self._process.poll(), self._stderr()
        self.end()
        return Ended(_obituary(code, said), _line(said))

    def _wait(self) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_PATIENCE)

    def _stderr(self) -> str:
        size = self._said.seek(0, os.SEEK_END)
        self._said.seek(max(0, size - _LONGEST))
        return (self._said.read(_LONGEST) or b"").decode(errors="replace")


def _read(stream: IO[bytes], answers: SimpleQueue[Message | None]) -> None:
    """Pass on the answers, and None when there are no more."""
    while True:
        answer: Message | None = None
        with suppress(OSError, ValueError):
            answer = wire.read(stream)
        answers.put(answer)
        if answer is None:
            return


def _write(stream: IO[bytes], frame: bytes) -> None:
    with suppress(OSError, ValueError):  # it has ended: whoever waits for the answer will see
        stream.write(frame)
        stream.flush()


def _end(process: subprocess.Popen[bytes], said: IO[bytes], reader: Thread) -> None:
    """End the process and those that it started, and close what was open."""
    with suppress(OSError):
        if _POSIX:
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
    reader.join(_PATIENCE)
    for stream in (process.stdin, process.stdout, said):
        if stream is not None and not (stream is process.stdout and reader.is_alive()):
            with suppress(OSError):
                stream.close()


def _obituary(code: int | None, said: str) -> str:
    """How the process ended, in words."""
    if code is None:
        how = "the process answered what makes no sense"
    elif code < 0:
        how = f"the process was ended by {_signal(-code)}"
    else:
        how = f"the process ended with exit code {code}"
    words = [line.strip() for line in said.partition("Fatal Python error")[0].splitlines() if line.strip()]
    return f"{how}: {words[-1][:120]}" if words else how


def _signal(number: int) -> str:
    with suppress(ValueError):
        known = signal.Signals(number)
        return f"{known.name} ({(signal.strsignal(number) or 'a signal').lower()})"
    return f"signal {number}"


def _line(said: str) -> str:
    """The line that the process was at when it was ended: the innermost outside of libraries, or of all."""
    frames: list[tuple[str, str]] = _FRAME.findall(said)
    own_folder = str(Path(__file__).parent)
    running = next((at for at, (file, _) in enumerate(frames) if str(Path(file).parent) == own_folder), len(frames))
    frames = frames[:running]
    own = [f for f in frames if "site-packages" not in f[0] and not f[0].startswith((sys.base_prefix, "<frozen"))]
    return next((f"{Path(file).name}:{number}" for file, number in own or frames), "")
