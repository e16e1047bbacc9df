"""The webhook over real HTTP: signed, the same key for the same content, refusals in words."""

import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from bench import Bench, fitted
from pydantic import ValidationError

from nmma_fitter.delivery.webhook import SECRET, SIGNATURE, WebhookSettings, couriers

pytestmark = pytest.mark.slack


class Receiver:
    """Keeps what it is sent; answers as planned, then 204. None loses the answer."""

    def __init__(self):
        self.got, self.answers = [], []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((dict(self.headers), body))
                status, headers = receiver.answers.pop(0) if receiver.answers else (204, {})
                if status is None:
                    return self.connection.shutdown(2)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}/hook?key=hidden"

    @property
    def events(self):
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def receiver(no_proxy):
    receiver = Receiver()
    yield receiver
    receiver.http.shutdown()
    receiver.http.server_close()


@pytest.fixture
def bench(receiver, tmp_path):
    chosen = WebhookSettings(url=receiver.url, signed=True, command_seconds=60)
    return Bench(tmp_path / "site", lambda: couriers(chosen, tmp_path, {SECRET: "s3cret"}))


def test_each_change_of_an_object_is_posted_once(bench, receiver):
    bench.fit("ZTF22abc", "Me2017")
    bench.deliver("ZTF22abc"), bench.deliver("ZTF22abc")
    fitted(bench)
    bench.deliver("ZTF22abc")
    first, second = receiver.events
    assert (first["ended"], second["ended"]) == (False, True)
    assert [row["model"] for row in second["ranked"]] == ["Me2017", "Piro2021"]


def test_a_closed_night_is_posted(bench, receiver):
    fitted(bench)
    bench.close()
    bench.deliver("")
    (event,) = receiver.events
    assert (event["event"], event["revision"], event["counts"]) == ("night", 1, {"done": 2})


def test_the_signature_is_that_of_the_body(bench, receiver):
    fitted(bench)
    bench.deliver("ZTF22abc")
    ((headers, body),) = receiver.got
    expected = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert headers[SIGNATURE] == f"sha256={expected}"


def test_a_post_made_again_after_a_lost_answer_has_the_same_key(bench, receiver):
    fitted(bench)
    receiver.answers = [(None, {})]
    bench.deliver_all("ZTF22abc")
    one, two = (headers["Idempotency-Key"] for headers, _ in receiver.got)
    assert one == two


def test_the_other_end_says_how_long_to_wait(bench, receiver):
    fitted(bench)
    receiver.answers = [(429, {"Retry-After": "77"})]
    (note,) = bench.deliver("ZTF22abc")
    assert "HTTP 429" in note
    bench.deliver(later=76)
    assert len(receiver.got) == 1
    bench.deliver(later=2)
    assert len(receiver.got) == 2 and not bench.due()


@pytest.mark.parametrize("status", [302, 401, 404, 500])
def test_a_refusal_is_said_without_the_rest_of_the_address(bench, receiver, status):
    fitted(bench)
    receiver.answers = [(status, {"Location": "http://127.0.0.1:9/"})]
    (note,) = bench.deliver("ZTF22abc")
    assert f"answered HTTP {status}" in note and "hidden" not in note


def test_a_missing_secret_is_said_with_where_it_belongs(receiver, tmp_path):
    chosen = WebhookSettings(url=receiver.url, signed=True)
    bench = Bench(tmp_path / "site", lambda: couriers(chosen, tmp_path, {}))
    fitted(bench)
    (note,) = bench.deliver("ZTF22abc")
    assert SECRET in note and receiver.got == []


@pytest.mark.parametrize("url", ["ftp://x.org/", "file:///etc/passwd", "https://me:pw@x.org/", "x"])
def test_an_address_that_cannot_be_used_is_refused(url):
    with pytest.raises(ValidationError, match="give an address"):
        WebhookSettings(url=url)


def test_a_webhook_without_an_address_is_off(tmp_path):
    assert couriers(WebhookSettings(), tmp_path) == []
