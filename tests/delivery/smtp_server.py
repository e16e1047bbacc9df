"""A small SMTP server over a real socket: it keeps what it takes, and refuses whom it is told."""

from __future__ import annotations

import socketserver
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any


class SmtpServer:
    """The server.

    Attributes
    ----------
    mails : list of (recipient, message)
    refused : set of str
        Recipients that are not known.
    lose_answers : int
        So many mails are taken, and the connection is cut before the answer.
    """

    def __init__(self) -> None:
        self.mails: list[tuple[str, EmailMessage]] = []
        self.refused: set[str] = set()
        self.lose_answers = 0
        handler = type("Handler", (_Handler,), {"smtp": self})
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(socketserver.StreamRequestHandler):
    smtp: SmtpServer

    def handle(self) -> None:
        recipient = ""
        self._say("220 here")
        while line := self.rfile.readline().decode():
            verb = line.strip().upper()
            if verb.startswith("EHLO"):
                self._say("250 here")
            elif verb.startswith("RCPT TO:"):
                recipient = line.partition("<")[2].partition(">")[0]
                self._say("550 unknown" if recipient in self.smtp.refused else "250 ok")
            elif verb == "DATA":
                self._say("354 go on")
                if not self._take(recipient):
                    return
            elif verb == "QUIT":
                return self._say("221 bye")
            else:
                self._say("250 ok" if verb.startswith(("MAIL", "RSET")) else "502 no")

    def _take(self, recipient: str) -> bool:
        """Keep a mail; False when its answer is lost."""
        lines = iter(self.rfile.readline, b".\r\n")
        mail: Any = message_from_bytes(b"".join(lines), policy=policy.default)
        self.smtp.mails.append((recipient, mail))
        if self.smtp.lose_answers:
            self.smtp.lose_answers -= 1
            return False
        self._say("250 taken")
        return True

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())
