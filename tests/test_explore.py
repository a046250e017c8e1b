"""`symconv explore`: one page on the loopback address, nothing else, and an end without a traceback."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading

import pytest

from symconv.errors import InvalidOption
from symconv.explore_command import server

PAGE = "<!DOCTYPE html><p>δ</p>"


@pytest.fixture
def serving():
    with server(PAGE) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def asked(running, path="/", method="GET", host=None):
    connection = http.client.HTTPConnection("127.0.0.1", running.server_port, timeout=60)
    connection.request(method, path, headers={} if host is None else {"Host": host})
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def test_the_page_is_served_whole(serving):
    status, headers, body = asked(serving)
    assert (status, body.decode()) == (200, PAGE)
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert asked(serving, method="HEAD")[::2] == (200, b"")


@pytest.mark.parametrize("path", ["/x", "/../etc/passwd", "/index.html", "/?x", "/%2e%2e/", "/favicon.ico"])
def test_everything_else_is_not_found(serving, path):
    assert asked(serving, path)[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_sent(serving, method):
    assert asked(serving, method=method)[0] == 404


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example"])
def test_another_name_for_this_machine_gets_nothing(serving, host):
    """A page of another site that resolves its own name to this machine cannot read this one."""
    assert asked(serving, host=host)[0] == 404


def test_the_server_listens_on_the_loopback_address_alone(serving):
    assert serving.server_address[0] == "127.0.0.1"


def test_a_port_that_is_taken_is_one_clear_error():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InvalidOption, match=rf"cannot serve on port {port}: .*; give another one with --port"):
            server(PAGE, port)


def test_explore_says_where_it_serves_and_ends_at_ctrl_c_without_a_traceback():
    command = [sys.executable, "-m", "symconv", "explore", "5", "3", "--stride", "2", "--no-browser"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env={**os.environ, "PYTHONUNBUFFERED": "1"})  # fmt: skip
    line = running.stdout.readline()
    host, port = re.search(r"http://([\d.]+):(\d+)/", line).groups()
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    connection.request("GET", "/")
    assert "Conv((5,), (3,), stride=2)" in connection.getresponse().read().decode()
    running.send_signal(signal.SIGINT)
    _, complaints = running.communicate(timeout=60)
    assert (running.returncode, complaints) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--port", "70000"], "--port 70000 is no port"), (["--port", "x"], "is no number"), (["3", "5"], "does not fit")],
)
def test_bad_input_is_one_line(arguments, said):
    command = [sys.executable, "-m", "symconv", "explore", *arguments, "--no-browser"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stdout) == (2, "")
    assert said in run.stderr
    assert run.stderr.count("\n") == 1
