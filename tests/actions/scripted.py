"""A shop that answers as a test tells it: for what the real one does not do on demand."""

from __future__ import annotations

import contextlib
import threading
from http.server import BaseHTTPRequestHandler


class Scripted(BaseHTTPRequestHandler):
    """Answers with the status codes it was given, one a request, the last one for ever."""

    codes: list[int] = []
    body = b"{}"
    asked: list[str] = []
    port = 0
    delay: threading.Event | None = None

    def answer(self) -> None:
        type(self).asked.append(f"{self.command} {self.path}")
        if self.delay is not None:
            self.delay.wait(5)
        code = self.codes.pop(0) if len(self.codes) > 1 else self.codes[0]
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(code)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the client gave up, as a test wants
            self.wfile.write(self.body)

    do_GET = answer  # noqa: N815 - names of http.server
    do_POST = answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return
