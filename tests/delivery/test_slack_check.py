"""`nmma-fitter slack`: what is missing is named; settings and token are refused in words."""

import json
import logging

import pytest
from bench import NIGHT, fitted
from pydantic import ValidationError
from slack_server import CHANNEL, TOKEN

from nmma_fitter.delivery.slack.check import check
from nmma_fitter.delivery.slack.preview import parcels, preview
from nmma_fitter.delivery.slack.settings import TOKEN as VARIABLE
from nmma_fitter.delivery.slack.settings import SlackSettings, read_token
from nmma_fitter.engine.snapshot import write_snapshot
from nmma_fitter.errors import BadInput, Undelivered

pytestmark = pytest.mark.slack


def missing(server, **environ):
    settings = SlackSettings(channels=(CHANNEL,), base_url=server.url)
    found = check(settings, environ or {VARIABLE: TOKEN})
    return [line for good, line in found if not good]


def test_nothing_is_missing_when_all_is_in_order(server):
    assert missing(server) == []
    assert server.store.messages == []


def test_a_missing_scope_is_named_with_what_it_is_for(server):
    server.scopes -= {"files:read", "channels:history"}
    assert [line.split(":", 2)[:2] for line in missing(server)] == [
        ["the scope files", "read is missing (to see whether an upload has arrived)"],
        ["the scope channels", "history is missing (to find what is posted already, so that nothing"
         " is posted twice, in C0123456789 (#candidates))"],
    ]  # fmt: skip


def test_a_private_channel_needs_other_scopes(server):
    server.channels[CHANNEL]["is_private"] = True
    server.scopes -= {"groups:history"}
    assert "the scope groups:history is missing" in missing(server)[0]


def test_a_channel_without_the_app_is_named(server):
    server.channels[CHANNEL]["is_member"] = False
    assert missing(server) == [
        "the app is not a member of C0123456789 (#candidates): write /invite and its name there"
    ]


def test_a_channel_that_is_not_there_is_named(server):
    server.channels.clear()
    assert "this app sees no channel C0123456789" in missing(server)[0]


def test_a_token_that_is_refused_is_not_shown(server):
    (line,) = missing(server, **{VARIABLE: "xoxb-1-wrong"})
    assert "invalid_auth" in line and "xoxb-1" not in line


def test_no_token_is_said_with_where_it_belongs(server):
    (line,) = missing(server, OTHER="")
    assert f"set {VARIABLE}, or slack.token_file" in line


def test_slack_without_channels_is_off(server):
    assert [good for good, _ in check(SlackSettings(), {})] == [False]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"channels": ["#candidates"]}, "not a channel's id"),
        ({"channels": [CHANNEL, CHANNEL]}, "listed twice"),
        ({"base_url": "http://slack.example.org/api/"}, "unencrypted"),
        ({"page_url": "javascript:alert(1)"}, "begins with https://"),
        ({"links": {"Fritz": "https://f.org/source/"}}, "marks the name"),
        ({"links": {"Fritz": "https://f.org/{object}/{night}"}}, "no other braces"),
        ({"token_file": "token"}, "whole path"),
        ({"token": "xoxb-1"}, "Extra inputs"),
        ({"plots": ["everything"]}, "lightcurves"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_in_words(settings, words):
    with pytest.raises(ValidationError, match=words):
        SlackSettings(**settings)


@pytest.fixture
def token_file(tmp_path):
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    path.chmod(0o600)
    return path


def test_a_token_may_lie_in_a_file_of_ones_own(token_file):
    assert read_token(SlackSettings(token_file=token_file), {}) == TOKEN


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_token_that_others_may_read_is_refused_and_not_shown(token_file, mode):
    token_file.chmod(mode)
    with pytest.raises(Undelivered, match="chmod 600") as refusal:
        read_token(SlackSettings(token_file=token_file), {})
    assert TOKEN not in str(refusal.value)


def test_what_is_no_token_is_refused_and_not_shown():
    with pytest.raises(Undelivered, match="begins with xoxb-") as refusal:
        read_token(SlackSettings(), {VARIABLE: "hunter2"})
    assert "hunter2" not in str(refusal.value)


def test_the_token_is_in_no_log_no_result_and_no_representation(bench, server, caplog):
    caplog.set_level(logging.DEBUG)
    fitted(bench)
    server.faults.plan("chat.postMessage", "html")
    bench.deliver_all("ZTF22abc")
    (courier,) = bench.couriers
    kept = [path.read_text() for path in bench.outdir.rglob("slack.json")]
    shown = [caplog.text, *kept, repr(courier), repr(courier.channel.api)]
    assert kept and TOKEN not in "".join(shown)


def test_a_preview_is_what_is_posted_later(bench, server):
    fitted(bench)
    bench.close()
    write_snapshot(bench.ledger, bench.state)
    (courier,) = bench.couriers
    settings = courier.channel.settings
    found = [preview(p, settings) for p in parcels(bench.state, bench.outdir, "24597")]
    assert server.calls == [] and json.dumps(found)
    bench.deliver("ZTF22abc", "")
    posted = [(m.text, m.blocks) for m in server.store.parents(CHANNEL)]
    assert [(one["text"], one["blocks"]) for one in found] == posted


def test_a_preview_of_what_is_not_there_is_refused(bench):
    fitted(bench)
    write_snapshot(bench.ledger, bench.state)
    with pytest.raises(BadInput, match="there are: ZTF22abc"):
        list(parcels(bench.state, bench.outdir, NIGHT, "ZTF22xyz"))
    with pytest.raises(BadInput, match="no night"):
        list(parcels(bench.state, bench.outdir, "1999"))
