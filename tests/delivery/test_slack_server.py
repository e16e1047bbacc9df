"""The stand-in holds a client to Slack's contract, and counts what was posted twice."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_server import CHANNEL, TOKEN, SlackServer
from slack_store import Store
from waiting import wait_until

pytestmark = pytest.mark.slack

HERE = Path(__file__).parent
BLOCKS = [{"type": "header", "text": {"type": "plain_text", "text": "x"}}]
META = {"event_type": "nmma_fitter", "event_payload": {"key": "k"}}


def client_of(server, token=TOKEN):
    return WebClient(token, base_url=server.url, timeout=60, retry_handlers=[])


def error_of(call):
    with pytest.raises(SlackApiError) as refusal:
        call()
    return refusal.value.response["error"]


def post(server, **more):
    return client_of(server).chat_postMessage(channel=CHANNEL, text="x", **more)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"flavour": "mint"}, "invalid_arg_name"),
        ({"text": ""}, "no_text"),
        ({"text": "x" * 4001}, "msg_too_long"),
        ({"metadata": {"event_type": "x"}}, "invalid_metadata_format"),
        ({"blocks": BLOCKS * 51}, "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]},
         "invalid_blocks"),
        ({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]},
         "invalid_blocks"),
        ({"blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_section",
         "elements": [{"type": "user", "user_id": "U1"}]}]}]}, "invalid_blocks"),
        ({"thread_ts": "1.000001"}, "thread_not_found"),
    ],
)  # fmt: skip
def test_a_message_outside_the_contract_is_refused(server, arguments, error):
    call = {"channel": CHANNEL, "text": "x", **arguments}
    assert error_of(lambda: client_of(server).api_call("chat.postMessage", json=call)) == error
    assert server.store.messages == []


def test_a_missing_argument_is_refused(server):
    client = client_of(server)
    assert error_of(lambda: client.api_call("conversations.history")) == "invalid_arguments"


def test_another_content_type_is_refused(server):
    request = urllib.request.Request(
        server.url + "auth.test", b"<x/>", {"Content-Type": "text/xml", "Authorization": TOKEN}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert json.load(answer)["error"] == "invalid_post_type"


def test_another_token_is_refused(server):
    assert error_of(lambda: client_of(server, "xoxb-other").auth_test()) == "invalid_auth"


def test_a_scope_that_is_not_granted_is_named(server):
    server.scopes = {"files:write"}
    with pytest.raises(SlackApiError) as refusal:
        post(server)
    assert refusal.value.response["needed"] == "chat:write"


def test_more_than_ten_files_in_a_call_are_refused(server):
    files = [{"content": "x", "filename": f"{number}.txt"} for number in range(11)]
    upload = client_of(server).files_upload_v2
    assert error_of(lambda: upload(channel=CHANNEL, file_uploads=files)) == "invalid_arguments"


def test_bytes_of_another_length_are_not_taken(server):
    client = client_of(server)
    ticket = client.files_getUploadURLExternal(filename="x.png", length=3)
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(ticket["upload_url"], b"four", timeout=60)
    done = [{"id": ticket["file_id"], "title": "x"}]
    call = client.files_completeUploadExternal
    assert error_of(lambda: call(files=done, channel_id=CHANNEL)) == "file_not_found"


def test_a_file_is_shown_after_a_while_as_files_info_tells(server):
    server.share_delay = 0.3
    client = client_of(server)
    ts = post(server)["ts"]
    upload = client.files_upload_v2(
        channel=CHANNEL, thread_ts=ts, content="x", filename="a.txt", request_file_info=False
    )
    file = upload["files"][0]["id"]
    shares = [client.files_info(file=file)["file"]["shares"]["public"]]
    while not shares[-1]:
        shares.append(client.files_info(file=file)["file"]["shares"]["public"])
    assert shares[0] == {} and shares[-1][CHANNEL][0]["thread_ts"] == ts


def test_pages_follow_each_other_newest_first(server):
    for number in range(5):
        client_of(server).chat_postMessage(channel=CHANNEL, text=str(number))
    pages = client_of(server).conversations_history(channel=CHANNEL, limit=2)
    assert [[m["text"] for m in page["messages"]] for page in pages] == [
        ["4", "3"], ["2", "1"], ["0"],
    ]  # fmt: skip


def test_metadata_is_shown_only_when_asked_for(server):
    post(server, metadata=META)
    history = client_of(server).conversations_history
    assert "metadata" not in history(channel=CHANNEL)["messages"][0]
    shown = history(channel=CHANNEL, include_all_metadata=True)["messages"][0]
    assert shown["metadata"] == META


def test_a_deleted_message_cannot_be_edited(server):
    ts = post(server)["ts"]
    server.store.delete(CHANNEL, ts)
    update = client_of(server).chat_update
    assert error_of(lambda: update(channel=CHANNEL, ts=ts, text="y")) == "message_not_found"


def test_what_is_posted_twice_is_counted(server):
    post(server, metadata=META), post(server, metadata=META), post(server)
    assert server.store.duplicates() == [f"{CHANNEL} message k"]


def test_the_sdks_own_retry_posts_twice_when_an_answer_is_lost(server):
    # Why the courier switches it off.
    server.faults.plan("chat.postMessage", "lost")
    client = WebClient(TOKEN, base_url=server.url, timeout=60)
    client.chat_postMessage(channel=CHANNEL, text="x", metadata=META)
    assert len(server.store.duplicates()) == 1


def test_the_store_survives_the_server_as_a_process(tmp_path, no_proxy):
    port, log = tmp_path / "port", tmp_path / "store.jsonl"
    command = [sys.executable, str(HERE / "slack_server.py"), "--port-file", str(port)]
    process = subprocess.Popen([*command, "--log", str(log)], env=os.environ)
    try:
        wait_until(lambda: port.exists() or process.poll() is not None)
        url = f"http://127.0.0.1:{port.read_text()}/api/"
        WebClient(TOKEN, base_url=url).chat_postMessage(
            channel=CHANNEL, text="x", metadata=META, blocks=BLOCKS
        )
    finally:
        process.kill()
        process.wait()
    assert [m.text for m in Store(log).parents(CHANNEL)] == ["x"]
    again = SlackServer(log).start()
    post(again, metadata=META)
    again.stop()
    assert len(Store(log).duplicates()) == 1
