"""Answers lost, errors, refusals, kills: nothing is posted twice, nothing is missing in the end."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from bench import NIGHT, fitted
from slack_server import BOT, CHANNEL, KINDS, Message

from nmma_fitter.engine.budget import never
from nmma_fitter.engine.campaign import ending_of
from nmma_fitter.engine.outbox import Parcel, Posts

pytestmark = pytest.mark.slack

POST, COMPLETE, BYTES = "chat.postMessage", "files.completeUploadExternal", "upload"
POLLER = Path(__file__).with_name("slack_poller.py")


def posted(server):
    """How many messages there are that can be seen, and files in them."""
    seen = [m for m in server.store.messages if m.visible <= time.time()]
    return len(seen), sum(len(m.files) for m in seen)


@pytest.fixture
def hasty(make):
    """An installation with little patience; an object with a failure, ended."""
    bench = make(command_seconds=1.5, settle_seconds=1)
    fitted(bench)
    bench.fit("ZTF22abc", "TrPi2018", failed="timeout", log="the end")
    bench.close()
    return bench


WHOLE = (6, 5)  # message, digest, failure, two fits, comparison; and their pictures


def test_all_of_it(hasty, server):
    hasty.deliver_all("ZTF22abc", "")
    assert posted(server) == WHOLE


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in ("unshared", "503")])
@pytest.mark.parametrize("method", [POST, "files.getUploadURLExternal", BYTES, COMPLETE])
def test_whatever_happens_to_one_call_all_is_posted_once(hasty, server, method, kind):
    server.faults.late = 1.8
    server.faults.plan(method, kind)
    hasty.deliver_all("ZTF22abc", "", between=server.wait_until_idle)
    assert server.faults.met == [(method, kind)]
    assert (posted(server), server.store.duplicates()) == (WHOLE, [])


@pytest.mark.parametrize("kind", ["cut", "lost", "500"])
def test_an_edit_whose_answer_was_lost_is_made_again(make, server, kind):
    bench = make()
    bench.fit("ZTF22abc", "Me2017")
    bench.deliver("ZTF22abc")
    fitted(bench)
    server.faults.plan("chat.update", kind)
    bench.deliver_all("ZTF22abc")
    (parent,) = server.store.parents(CHANNEL)
    assert "Me2017 describes it best" in parent.text


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_storm_of_faults_loses_and_doubles_nothing(make, server, seed):
    bench = make(command_seconds=0.6, settle_seconds=1)
    names = [f"ZTF22{letter}" for letter in "abcd"]
    for name in names:
        fitted(bench, name)
        bench.fit(name, "TrPi2018", failed="timeout", log="the end")
    bench.close()
    server.faults.rate, server.faults.late, server.faults.seed = 0.3, 0.7, seed
    server.faults.__post_init__()
    bench.deliver_all(*names, "", rounds=400, step=100.0, between=server.wait_until_idle)
    assert len(server.faults.met) >= 10
    assert (posted(server), server.store.duplicates()) == ((21, 20), [])


class Forgetful(Posts):
    """The control: nothing is remembered of what was posted."""

    def get(self, key):
        return None


def test_without_what_is_remembered_posts_are_doubled(hasty, server):
    endings = [ending_of(hasty.ledger, need) for need in hasty.ledger.needs(NIGHT)]
    folder = hasty.outdir / NIGHT / "ZTF22abc"
    parcel = Parcel(NIGHT, "ZTF22abc", folder, endings, 1, True)
    (courier,) = hasty.couriers
    for _ in range(2):
        posts = Forgetful(hasty.ledger, courier.name, lambda: hasty.now)
        courier.deliver(parcel, posts, never)
    assert len(server.store.duplicates()) == 2  # message and failure


def killed_at(bench, server, method, kind):
    """Deliver in a process that is killed around a call."""
    bench.ledger.close()
    server.faults.plan(method, kind)
    poller = subprocess.Popen(
        [sys.executable, str(POLLER), str(bench.root), server.url, str(bench.now)]
    )
    server.faults.victim = poller.pid
    assert poller.wait(600) == -9


@pytest.mark.parametrize("lose_ledger", [False, True])
@pytest.mark.parametrize("kind", ["kill-before", "kill"])
@pytest.mark.parametrize("method", [POST, COMPLETE])
def test_killed_around_a_call_it_goes_on_without_doubling(hasty, server, method, kind, lose_ledger):
    hasty.deliver("ZTF22abc", "", enough=lambda: True)  # all is due, nothing was sent
    killed_at(hasty, server, method, kind)
    hasty.restart(lose_ledger=lose_ledger)
    hasty.close()
    hasty.deliver_all("ZTF22abc", "")
    assert (posted(server), server.store.duplicates()) == (WHOLE, [])


def test_a_lost_ledger_posts_nothing_again(hasty, server):
    hasty.deliver_all("ZTF22abc", "")
    hasty.restart(lose_ledger=True)
    hasty.close()
    hasty.deliver_all("ZTF22abc", "")
    assert (posted(server), server.store.duplicates()) == (WHOLE, [])


def test_a_lost_ledger_does_not_begin_a_second_thread_in_a_later_night(hasty, server):
    hasty.deliver_all("ZTF22abc", "")
    hasty.restart(lose_ledger=True)
    fitted(hasty, night="2459785-2459792", data="second")
    hasty.deliver("ZTF22abc", night="2459785-2459792")
    assert sum("ZTF22abc" in m.text for m in server.store.parents(CHANNEL)) == 2  # and the digest


def test_a_message_whose_answer_was_lost_is_found_on_any_page(hasty, server):
    server.page = 2
    server.faults.plan(POST, "lost")
    hasty.deliver("ZTF22abc")
    for number in range(9):
        server.store.add(Message(CHANNEL, server.store.next_ts(), f"chat {number}", bot_id="B2"))
    hasty.deliver_all("ZTF22abc")
    assert server.store.duplicates() == [] and server.called("conversations.history") == 5


def test_a_message_of_somebody_else_with_our_mark_is_not_taken_for_ours(hasty, server):
    server.faults.plan(POST, "lost")
    hasty.deliver("ZTF22abc")
    real = server.store.messages.pop()
    forged = Message(CHANNEL, real.ts, "x", metadata=real.metadata, bot_id="B2", user="U2")
    server.store.messages.append(forged)
    hasty.deliver_all("ZTF22abc")
    assert [m.bot_id for m in server.store.parents(CHANNEL)] == ["B2", BOT]


def test_nothing_is_posted_again_before_a_late_post_could_have_arrived(hasty, server):
    server.faults.plan(POST, "lost")
    hasty.deliver("ZTF22abc")
    hasty.deliver(later=0.9)
    assert server.called(POST) == 1
    hasty.deliver(later=0.2)
    assert server.called(POST) > 1 and server.store.duplicates() == []


def test_an_upload_confirmed_and_not_shown_is_sent_again_without_its_description(make, server):
    bench = make(share_seconds=30)
    bench.fit("ZTF22abc", "Me2017", -6.7)
    server.faults.plan(COMPLETE, "unshared")
    notes = bench.deliver("ZTF22abc")
    assert "not in the thread yet" in notes[0]
    bench.deliver_all()
    files = server.store.files.values()
    assert [bool(file.alt_txt) for file in files] == [True, True, False, False]
    assert posted(server) == (2, 2)


def test_an_upload_shown_late_is_waited_for_and_not_sent_again(make, server):
    bench = make(share_seconds=30)
    bench.fit("ZTF22abc", "Me2017", -6.7)
    server.share_delay = 2.0
    bench.deliver("ZTF22abc")
    assert bench.due()
    while bench.due():
        time.sleep(0.1)
        bench.deliver(later=3.0)
        assert server.called(COMPLETE) == 1


def test_bytes_of_an_upload_are_sent_again_at_once(make, server):
    bench = make()
    bench.fit("ZTF22abc", "Me2017", -6.7)
    server.faults.plan(BYTES, "cut", "503")
    assert bench.deliver("ZTF22abc") == [] and not bench.due()


def test_too_many_requests_wait_for_as_long_as_slack_asks_without_sleeping(hasty, server):
    server.faults.retry_after = 77
    server.faults.plan(POST, "429")
    began = time.monotonic()
    (note,) = hasty.deliver("ZTF22abc", "")
    assert "it asks for 77 s of patience" in note and time.monotonic() - began < 77
    hasty.deliver(later=76)
    assert server.store.messages == []
    hasty.deliver(later=1)
    assert posted(server)[0] == 6


def refused(bench, server):
    (note,) = bench.deliver("ZTF22abc", "")
    assert bench.due() and len(server.calls) == 1  # it is not asked for the rest
    return note


def test_a_revoked_token_is_said_in_words(hasty, server):
    server.revoked = True
    note = refused(hasty, server)
    assert "does not accept the token (token_revoked)" in note and "xoxb" not in note


def test_a_channel_that_is_not_there_is_said_in_words(hasty, server):
    server.channels.clear()
    assert "copy the id at the end of 'About'" in refused(hasty, server)


def test_a_channel_without_the_app_is_said_in_words(hasty, server):
    server.channels[CHANNEL]["is_member"] = False
    assert "not a member of C0123456789: write /invite" in refused(hasty, server)


def test_an_archived_channel_is_said_in_words(hasty, server):
    server.channels[CHANNEL]["is_archived"] = True
    assert "is archived: unarchive it" in refused(hasty, server)


def test_a_missing_scope_is_named(hasty, server):
    server.scopes -= {"chat:write"}
    assert "lacks the scope chat:write" in refused(hasty, server)


def test_what_was_refused_is_posted_when_that_is_mended(hasty, server):
    server.channels[CHANNEL]["is_member"] = False
    refused(hasty, server)
    server.channels[CHANNEL]["is_member"] = True
    hasty.deliver_all()
    assert posted(server) == WHOLE and server.called("conversations.history") == 0


def test_nobody_at_the_other_end_is_said_once(hasty, server):
    server.stop()
    (note,) = hasty.deliver("ZTF22abc", "")
    assert "no answer from Slack" in note
    assert hasty.deliver(later=100) == []
