"""The command `explore`: the page of a layer, served on this machine alone, and opened in the browser.

In: what a person typed.  Out: a server on the loopback address that gives one page, until Ctrl-C.
Never: a file of this machine, a request that changes anything, or another address.
"""

from __future__ import annotations

import signal
import webbrowser
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import click

from symconv.errors import InvalidOption
from symconv.layer_options import layer_arguments, read_layer
from symconv.printing import count

LOOPBACK = "127.0.0.1"
LAST_PORT = 65535


@click.command()
@layer_arguments
@click.option("--port", default="0", metavar="N", show_default=True, help="The port; 0 for any that is free.")
@click.option("--no-browser", is_flag=True, help="Print the address and open nothing.")
def explore(port: str, no_browser: bool, **layer_options: Any) -> None:
    """Open the page of LAYER in the browser: its derivation, and grids to point at. Ctrl-C ends it."""
    from symconv.api import page

    layer, default = read_layer(layer_options)
    number = _port(port)
    with server(page(layer, worked_example=default), number) as serving:
        address = f"http://{LOOPBACK}:{serving.server_port}/"
        # A KeyboardInterrupt would be raised wherever Python is just then, and is lost in a destructor or a callback.
        signal.signal(signal.SIGINT, lambda *_: Thread(target=serving.shutdown).start())
        click.echo(f"{layer!r}: {address}   (Ctrl-C ends it)")
        if not no_browser:
            webbrowser.open(address)
        serving.serve_forever()
        click.echo("")


def _port(text: str) -> int:
    number = count(text, "--port")
    if not 0 <= number <= LAST_PORT:
        raise click.UsageError(f"--port {number} is no port: give a number from 0 to {LAST_PORT}")
    return number


def server(page: str, port: int = 0) -> ThreadingHTTPServer:
    """A server of one page, on the loopback address: ``GET /`` gives the page, everything else is not found.

    Raises
    ------
    InvalidOption
        If the port cannot be used.
    """
    body = page.encode("utf-8")

    class Handler(BaseHTTPRequestHandler):
        """One page, for whoever asks this machine by its loopback name."""

        server_version, sys_version = "symconv", ""

        def do_GET(self) -> None:
            """The page, or its headers alone."""
            host = self.headers.get("Host", "").split(":")[0]
            if self.path != "/" or host not in (LOOPBACK, "localhost"):
                self.refuse()
                return
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def refuse(self) -> None:
            """There is nothing else here."""
            self.send_error(HTTPStatus.NOT_FOUND)

        do_HEAD = do_GET  # noqa: N815
        do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = refuse  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing: the terminal is the reader's."""

    try:
        return ThreadingHTTPServer((LOOPBACK, port), Handler)
    except OSError as error:
        raise InvalidOption(
            f"cannot serve on port {port}: {error.strerror}; give another one with --port, or none"
        ) from None
