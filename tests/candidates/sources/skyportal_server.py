"""A local server that speaks two calls of SkyPortal's API, strictly.

``GET /api/sources`` takes the documented parameters used here and no other, ``numPerPage`` up to
500; ``GET /api/sources/<id>/photometry`` likewise. A token that is not this server's is refused
with 401. Faults are injected by the number of the call.
"""

import contextlib
import json
import threading
from collections.abc import Callable
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "0a1b2c3d-throwaway"
SOURCES = {"group_ids", "savedAfter", "pageNumber", "numPerPage"}
PHOTOMETRY = {
    "format": {"mag", "flux"},
    "magsys": {"ab", "vega"},
    "individualOrSeries": {"individual", "series", "both"},
}
Fault = Callable[[BaseHTTPRequestHandler], None]


def status(number: int, **headers: str) -> Fault:
    """Answer with a status and nothing else."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(number)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def text(body: str) -> Fault:
    """Answer well, with this body."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body.encode())))
        handler.end_headers()
        handler.wfile.write(body.encode())

    return answer


class SkyportalServer(ThreadingHTTPServer):
    """Objects by name, with their photometry, and the group they are saved to.

    Attributes
    ----------
    objects : dict
    group : int
    faults : dict
        By the number of the call, from 1.
    calls : list of str
        What was asked.
    released : threading.Event
        Ends the calls that hang.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects: dict[str, Any] = {}
        self.group = 3
        self.faults: dict[int, Fault] = {}
        self.calls: list[str] = []
        self.released = threading.Event()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"

    def hang(self, handler: BaseHTTPRequestHandler) -> None:
        """Say nothing."""
        self.released.wait(60)

    def trickle(self, handler: BaseHTTPRequestHandler) -> None:
        """Say something now and then, without end."""
        handler.send_response(200)
        handler.end_headers()
        while not self.released.wait(0.1):
            handler.wfile.write(b" ")
            handler.wfile.flush()


class Handler(BaseHTTPRequestHandler):
    server: SkyportalServer

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.calls.append(self.path)
        fault = self.server.faults.get(len(self.server.calls))
        if fault:
            with contextlib.suppress(OSError):  # nobody listens any more
                fault(self)
        elif self.headers.get("Authorization") != f"token {TOKEN}":
            self._answer(401, {"status": "error", "message": "Unauthorized"})
        else:
            self._route()

    def _route(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match [unquote(part) for part in parts.path.split("/")[1:]]:
            case ["api", "sources"]:
                self._sources(query)
            case ["api", "sources", name, "photometry"]:
                self._photometry(name, query)
            case _:
                self._answer(404, {"status": "error", "message": "no such page"})

    def _sources(self, query: dict[str, str]) -> None:
        try:
            assert set(query) <= SOURCES, f"unknown parameters {set(query) - SOURCES}"
            groups = [int(one) for one in query["group_ids"].split(",")]
            datetime.fromisoformat(query["savedAfter"])
            page, size = int(query["pageNumber"]), int(query["numPerPage"])
            assert page >= 1 and 1 <= size <= 500, "no such page"
        except (AssertionError, KeyError, ValueError) as error:
            self._answer(400, {"status": "error", "message": str(error)})
            return
        names = list(self.server.objects) if self.server.group in groups else []
        sources = [{"id": name, "ra": 1.0} for name in names[(page - 1) * size : page * size]]
        data = {
            "sources": sources,
            "totalMatches": len(names),
            "pageNumber": page,
            "numPerPage": size,
        }
        self._answer(200, {"status": "success", "message": "", "data": data, "version": "1"})

    def _photometry(self, name: str, query: dict[str, str]) -> None:
        wrong = [key for key, value in query.items() if value not in PHOTOMETRY.get(key, ())]
        if wrong:
            self._answer(400, {"status": "error", "message": f"invalid {wrong}"})
        elif name not in self.server.objects:
            message = f"Insufficient permissions for User 1 to read Obj {name}"
            self._answer(403, {"status": "error", "message": message})
        else:
            self._answer(200, {"status": "success", "data": self.server.objects[name]})

    def _answer(self, number: int, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(number)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def point(day: float, mag: float | None = 19.0, **others: Any) -> dict[str, Any]:
    """A row of photometry with the columns SkyPortal gives."""
    return {
        "obj_id": "?", "ra": 1.0, "dec": 2.0, "filter": "ztfg", "mjd": 59000.0 + day,
        "instrument_id": 1, "instrument_name": "ZTF", "origin": "", "mag": mag,
        "magerr": None if mag is None else 0.1, "magsys": "ab", "limiting_mag": 20.5,
        "id": 7, "groups": [{"id": 3}], **others,
    }  # fmt: skip
