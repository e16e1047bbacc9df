"""A stand-in for Slack's Web API: a real HTTP server that speaks its contract, and its faults.

In a test, `SlackServer` with `start` and `stop`; on its own (its store survives in the log)::

    python tests/delivery/slack_server.py --port-file PORT --log STORE.jsonl [--rate 0.2 --seed 1]
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

sys.path.insert(0, str(Path(__file__).parent))

from slack_contract import ALL_SCOPES, CONTENT_TYPES, METHODS, wrong_arguments
from slack_store import BOT, USER, File, Message, Store

TOKEN = "xoxb-stand-in-token"
CHANNEL = "C0123456789"
UPLOAD = "upload"  # the method's name for faults of an upload's bytes
WRITES = (
    "chat.postMessage", "chat.update", UPLOAD, "files.getUploadURLExternal",
    "files.completeUploadExternal",
)  # fmt: skip
# cut: the connection is lost before anything was done; lost: after it; late: it is done, but after
# the client's patience; error and error-after: HTTP 500 before and after it was done; html: a
# proxy's page; unshared: an upload is confirmed and never shown. Never by chance: kill-before and
# kill end the process `victim` before and after it was done.
KINDS = ("cut", "lost", "late", "429", "500", "503", "error-after", "html", "unshared")


@dataclass
class Faults:
    """What goes wrong next.

    Attributes
    ----------
    planned : list of (method, kind)
        Each once, in order; ``*`` is any method that changes something.
    rate : float
        Of calls that change something, how many meet a random fault.
    kinds : collection of str
        Random ones.
    seed : int
    retry_after : int
        Seconds that a 429 asks for.
    late : float
        Seconds of a late answer.
    met : list of (method, kind)
        What has gone wrong.
    victim : int
        Process id for a ``kill``.
    """

    planned: list[tuple[str, str]] = field(default_factory=list)
    rate: float = 0.0
    kinds: Collection[str] = KINDS
    seed: int = 0
    retry_after: int = 1
    late: float = 1.0
    met: list[tuple[str, str]] = field(default_factory=list)
    victim: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._lock = threading.Lock()

    def plan(self, method: str, *kinds: str) -> None:
        """Let the next calls of a method meet these."""
        self.planned += [(method, kind) for kind in kinds]

    def next(self, method: str) -> str | None:
        """The fault that a call meets."""
        with self._lock:
            kind = self._planned(method)
            if kind is None and method in WRITES and self._random.random() < self.rate:
                kind = self._random.choice(sorted(self.kinds))
            if kind == "unshared" and method != "files.completeUploadExternal":
                kind = "cut"
            if kind is not None:
                self.met.append((method, kind))
            return kind

    def _planned(self, method: str) -> str | None:
        for number, (which, kind) in enumerate(self.planned):
            if which == method or (which == "*" and method in WRITES):
                del self.planned[number]
                return kind
        return None


class Refusal(Exception):
    """An answer with ``ok: false``."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.answer = {"ok": False, "error": error.split(":")[0], **more}
        if ":" in error:
            self.answer["response_metadata"] = {"messages": [f"[ERROR] {error}"]}


class SlackServer:
    """The server.

    Parameters
    ----------
    log : Path, optional
        Keeps the store on disk.
    scopes : collection of str
        Of the token.
    faults : Faults, optional

    Attributes
    ----------
    store : Store
    faults : Faults
    channels : dict of id to what conversations.info says
    calls : list of (method, arguments)
        Those that came, faulty ones too.
    page : int
        Most messages on a page, whatever was asked for.
    share_delay : float
        Seconds between the confirmation of an upload and its message.
    revoked : bool
        Whether the token is.
    """

    def __init__(
        self,
        log: Path | None = None,
        scopes: Collection[str] = ALL_SCOPES,
        faults: Faults | None = None,
    ) -> None:
        self.store = Store(log)
        self.faults = faults or Faults()
        self.scopes = set(scopes)
        self.channels = {CHANNEL: {"name": "candidates", "is_member": True, "is_archived": False}}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.page = 999
        self.share_delay = 0.0
        self.revoked = False
        self._share = True
        self._serving, self._idle = 0, threading.Condition()
        self._http: ThreadingHTTPServer | None = None

    def start(self, port: int = 0) -> SlackServer:
        """Answer from a thread of its own."""
        handler = type("Handler", (_Handler,), {"slack": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Answer no more; the store stays."""
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()
            self._http = None

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._http is not None
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """The Web API's address."""
        return f"http://127.0.0.1:{self.port}/api/"

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Count a call while it is served."""
        with self._idle:
            self._serving += 1
        try:
            yield
        finally:
            with self._idle:
                self._serving -= 1
                self._idle.notify_all()

    def wait_until_idle(self) -> None:
        """Wait for calls whose client may have left already."""
        with self._idle:
            self._idle.wait_for(lambda: self._serving == 0, timeout=600)

    def called(self, method: str) -> int:
        """How often a method was called."""
        return sum(one == method for one, _ in self.calls)

    def answer(
        self, method: str, arguments: dict[str, Any], token: str, *, share: bool = True
    ) -> dict[str, Any]:
        """What a call comes to; raises `Refusal`. Without `share` an upload is never shown."""
        if method not in METHODS:
            raise Refusal("unknown_method")
        if not token:
            raise Refusal("not_authed")
        if self.revoked or token != TOKEN:
            raise Refusal("token_revoked" if self.revoked else "invalid_auth")
        needed = METHODS[method][2]
        if needed and not needed & self.scopes:
            provided = ",".join(sorted(self.scopes))
            raise Refusal("missing_scope", needed=sorted(needed)[0], provided=provided)
        if wrong := wrong_arguments(method, arguments):
            raise Refusal(wrong)
        with self.store.lock:
            self._share = share
            return {"ok": True, **getattr(self, method.replace(".", "_"))(arguments)}

    def auth_test(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return {"team": "Stand-in", "user": "fitter", "user_id": USER, "bot_id": BOT}

    def chat_postMessage(self, arguments: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        channel, thread = self._writable(arguments["channel"]), arguments.get("thread_ts")
        if thread is not None and self.store.message(channel, thread) is None:
            raise Refusal("thread_not_found")
        message = self.store.add(
            Message(
                channel, self.store.next_ts(), arguments["text"], arguments.get("blocks") or [],
                arguments.get("metadata"), thread,
            )
        )  # fmt: skip
        return {"channel": channel, "ts": message.ts}

    def chat_update(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel = self._writable(arguments["channel"])
        message = self.store.message(channel, arguments["ts"])
        if message is None:
            raise Refusal("message_not_found")
        if message.bot_id != BOT:
            raise Refusal("cant_update_message")
        changed = {k: arguments[k] for k in ("text", "blocks", "metadata") if k in arguments}
        self.store.add(replace(message, **changed, edits=message.edits + 1))
        return {"channel": channel, "ts": message.ts}

    def conversations_info(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel = arguments["channel"]
        if channel not in self.channels:
            raise Refusal("channel_not_found")
        return {"channel": {"id": channel, **self.channels[channel]}}

    def conversations_history(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel = self._readable(arguments["channel"])
        oldest = float(arguments.get("oldest", 0))
        found = [m for m in self.store.parents(channel) if float(m.ts) > oldest and not m.deleted]
        return self._page(found[::-1], arguments)

    def conversations_replies(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel = self._readable(arguments["channel"])
        parent = self.store.message(channel, arguments["ts"])
        if parent is None:
            raise Refusal("thread_not_found")
        return self._page([parent, *self.store.replies(channel, parent.ts)], arguments)

    def files_getUploadURLExternal(self, arguments: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        number = len(self.store.files) + 1
        file = File(
            f"F{number:09d}", arguments["filename"], int(arguments["length"]),
            arguments.get("alt_txt", ""),
        )  # fmt: skip
        self.store.put(file)
        url = f"http://127.0.0.1:{self.port}/upload/v1/{file.id}"
        return {"upload_url": url, "file_id": file.id}

    def files_completeUploadExternal(self, arguments: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        asked = json.loads(arguments["files"])
        if not 1 <= len(asked) <= 10:
            raise Refusal("invalid_arguments: 1 to 10 files")
        channel = self._writable(arguments.get("channel_id", ""))
        thread = arguments.get("thread_ts")
        if thread is not None and self.store.message(channel, thread) is None:
            raise Refusal("thread_not_found")
        for one in asked:
            file = self.store.files.get(one.get("id"))
            if file is None or not file.uploaded or file.completed:
                raise Refusal("file_not_found")
            self.store.put(replace(file, title=one.get("title", ""), completed=True))
        ids = [one["id"] for one in asked]
        message = Message(
            channel, self.store.next_ts(), arguments.get("initial_comment", ""), thread_ts=thread,
            files=ids, visible=time.time() + self.share_delay,
        )  # fmt: skip
        if self._share:
            self.store.add(message)
        return {"files": [{"id": one["id"], "title": one.get("title", "")} for one in asked]}

    def files_info(self, arguments: dict[str, Any]) -> dict[str, Any]:
        file = self.store.files.get(arguments["file"])
        if file is None:
            raise Refusal("file_not_found")
        shares: dict[str, list[dict[str, Any]]] = {}
        for message in self.store.messages:
            if file.id in message.files and message.visible <= time.time():
                where = {"ts": message.ts, "thread_ts": message.thread_ts}
                shares.setdefault(message.channel, []).append(where)
        return {"file": {"id": file.id, "name": file.name, "shares": {"public": shares}}}

    def receive(self, file_id: str, content: bytes) -> int:
        """Take an upload's bytes; returns the HTTP status."""
        file = self.store.files.get(file_id)
        if file is None or len(content) != file.length:
            return 400
        self.store.put(replace(file, uploaded=True))
        return 200

    def _readable(self, channel: str) -> str:
        if channel not in self.channels:
            raise Refusal("channel_not_found")
        if not self.channels[channel]["is_member"]:
            raise Refusal("not_in_channel")
        return channel

    def _writable(self, channel: str) -> str:
        if self.channels.get(channel, {}).get("is_archived"):
            raise Refusal("is_archived")
        return self._readable(channel)

    def _page(self, found: list[Message], arguments: dict[str, Any]) -> dict[str, Any]:
        seen = [m for m in found if m.visible <= time.time()]
        first = int(base64.b64decode(arguments["cursor"])) if arguments.get("cursor") else 0
        last = first + min(int(arguments.get("limit", 100)), self.page)
        with_metadata = str(arguments.get("include_all_metadata", "")) in ("1", "true")
        cursor = base64.b64encode(str(last).encode()).decode() if last < len(seen) else ""
        return {
            "messages": [self._shown(m, with_metadata) for m in seen[first:last]],
            "has_more": bool(cursor),
            "response_metadata": {"next_cursor": cursor},
        }

    def _shown(self, message: Message, with_metadata: bool) -> dict[str, Any]:
        shown: dict[str, Any] = {
            name: getattr(message, name) for name in ("ts", "text", "blocks", "bot_id", "user")
        }
        if message.thread_ts:
            shown["thread_ts"] = message.thread_ts
        if with_metadata and message.metadata:
            shown["metadata"] = message.metadata
        if message.files:
            files = [self.store.files[one] for one in message.files]
            shown["files"] = [{"id": f.id, "name": f.name, "title": f.title} for f in files]
        return shown


class _Handler(BaseHTTPRequestHandler):
    slack: SlackServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        with self.slack.busy():
            self._serve()

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        content = self.rfile.read(length)
        if len(content) < length:  # the client was killed before it had said all
            self.close_connection = True
            return
        _, kind, *rest = self.path.split("/")
        method = UPLOAD if kind == "upload" else rest[-1]
        fault = self.slack.faults.next(method)
        if fault in ("cut", "kill-before"):
            return self._cut(fault)
        if fault == "429":
            wait = {"Retry-After": str(self.slack.faults.retry_after)}
            return self._say(429, {"ok": False, "error": "ratelimited"}, wait)
        if fault in ("500", "503"):
            return self._say(int(fault), {"ok": False, "error": "service_unavailable"})
        if fault == "html":
            return self._send(502, "text/html", b"<html>Bad gateway</html>")
        if fault == "late":
            time.sleep(self.slack.faults.late)
        if method == UPLOAD:
            status = self.slack.receive(rest[-1], content)
            return self._after(fault, status, "text/plain", b"OK")
        answer = self._answer(method, content, fault)
        self._after(fault, 200, "application/json; charset=utf-8", json.dumps(answer).encode())

    def _answer(self, method: str, content: bytes, fault: str | None) -> dict[str, Any]:
        kind = self.headers.get_content_type()
        try:
            if kind not in CONTENT_TYPES:
                raise Refusal("invalid_post_type")
            if kind == "application/json":
                arguments = json.loads(content)
            else:
                arguments = dict(parse_qsl(content.decode(), keep_blank_values=True))
            self.slack.calls.append((method, arguments))
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            share = fault != "unshared"
            return self.slack.answer(method, arguments, token, share=share)
        except Refusal as refusal:
            return refusal.answer

    def _after(self, fault: str | None, status: int, kind: str, body: bytes) -> None:
        if fault in ("lost", "kill"):
            return self._cut(fault)
        if fault == "error-after":
            return self._say(500, {"ok": False, "error": "internal_error"})
        self._send(status, kind, body)

    def _cut(self, fault: str) -> None:
        if fault.startswith("kill"):
            os.kill(self.slack.faults.victim, signal.SIGKILL)
        self.close_connection = True
        self.connection.shutdown(2)

    def _say(
        self, status: int, answer: dict[str, Any], headers: dict[str, str] | None = None
    ) -> None:
        self._send(status, "application/json", json.dumps(answer).encode(), headers)

    def _send(
        self, status: int, kind: str, body: bytes, headers: dict[str, str] | None = None
    ) -> None:
        try:
            self.send_response(status)
            for name, value in {
                "Content-Type": kind,
                "Content-Length": str(len(body)),
                "x-oauth-scopes": ",".join(sorted(self.slack.scopes)),
                "Connection": "close",
                **(headers or {}),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except OSError:  # the client has left
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    faults = Faults(rate=chosen.rate, seed=chosen.seed)
    server = SlackServer(chosen.log, faults=faults).start(chosen.port)
    part = chosen.port_file.with_suffix(".part")
    part.write_text(str(server.port))
    part.replace(chosen.port_file)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    server.stop()


if __name__ == "__main__":
    main()
