"""What a reader may rely on when something went wrong on the way."""

import json
import os
from dataclasses import replace

import pytest
from bench import NIGHT, fitted
from slack_server import CHANNEL

from nmma_fitter.delivery.news import NightNews, ObjectNews, Other
from nmma_fitter.delivery.slack.blocks import BLOCKS, digest_message, failure_message
from nmma_fitter.engine.ledger import Ledger
from nmma_fitter.plain import last_lines

pytestmark = pytest.mark.slack

LATER = "2459785-2459792"
POST = "chat.postMessage"


def shown(server, number=0):
    return json.dumps(server.store.parents(CHANNEL)[number].blocks)


def test_a_message_whose_answer_was_lost_shows_what_happened_since(bench, server):
    bench.fit("ZTF22abc", "Me2017")
    server.faults.plan(POST, "lost")
    bench.deliver("ZTF22abc")
    bench.fit("ZTF22abc", "Me2017", -6.7)
    bench.rank("ZTF22abc")
    bench.deliver_all("ZTF22abc")
    assert "Me2017 describes it best" in shown(server) and server.store.duplicates() == []


def test_a_message_that_may_not_be_edited_any_more_is_followed_by_another(bench, server):
    bench.fit("ZTF22abc", "Me2017")
    bench.deliver("ZTF22abc")
    [first] = server.store.parents(CHANNEL)
    server.store.add(replace(first, bot_id="BOTHER"))
    bench.fit("ZTF22abc", "Me2017", -6.7)
    bench.fit("ZTF22xyz", "Me2017", -7.7)
    for name in ("ZTF22abc", "ZTF22xyz"):
        bench.rank(name)
    bench.deliver_all("ZTF22abc", "ZTF22xyz")
    assert ["describes it best" in shown(server, n) for n in range(3)] == [False, True, True]


def test_a_kill_while_the_record_is_restored_posts_nothing_twice(bench, server, monkeypatch):
    fitted(bench)
    bench.deliver("ZTF22abc")
    bench.restart(lose_ledger=True)

    class Killed(BaseException):
        pass

    whole, calls = Ledger.intend_post, []

    def dies(*args):
        calls.append(args)
        if len(calls) == 2:
            raise Killed
        return whole(*args)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Ledger, "intend_post", dies)  # as the kernel would: between two statements
        bench.deliver("ZTF22abc")
    bench.restart()
    bench.deliver_all("ZTF22abc")
    assert server.store.duplicates() == []


def test_a_ranking_without_a_fit_that_has_ended_is_not_quoted(bench, server):
    fitted(bench)
    bench.fit("ZTF22abc", "TrPi2018", -3.0)
    bench.deliver("ZTF22abc")
    assert "describes it best" not in shown(server)
    assert not [name for m in server.store.messages for name in server.store.names(m)
                if "comparison" in name]  # fmt: skip
    bench.rank("ZTF22abc")
    bench.deliver_all("ZTF22abc")
    assert "TrPi2018 describes it best" in shown(server)


def test_an_unreadable_file_is_no_new_photometry(bench, server):
    fitted(bench)
    bench.deliver("ZTF22abc")
    bench.bad_file("ZTF22abc", "not a table", LATER)
    bench.deliver("ZTF22abc", night=LATER)
    assert not any("new photometry" in message.text for message in server.store.messages)


@pytest.mark.parametrize("garbled", ["[]", '{"ranked": [{"model": null}]}', "\udcff", "[" * 3000])
def test_a_garbled_ranking_is_not_quoted_and_keeps_nobody(bench, server, garbled):
    for name in ("ZTF22abc", "ZTF22xyz"):
        fitted(bench, name)
    path = bench.outdir / NIGHT / "ZTF22abc" / "ranking.json"
    path.write_bytes(garbled.encode("utf-8", "surrogateescape"))
    bench.deliver_all("ZTF22abc", "ZTF22xyz")
    assert "fitted, not ranked" in shown(server) and "describes it best" in shown(server, 1)


def test_no_token_is_shown_wherever_it_came_from(bench, server):
    secret = "xoxb-1-2-SECRETSECRET"
    bench.fit("ZTF22abc", "Me2017", failed="nonzero_exit", detail=f"cannot use {secret}")
    bench.deliver("ZTF22abc")
    assert "SECRET" not in json.dumps([m.blocks for m in server.store.messages])


def test_a_token_is_not_shown_by_the_end_of_a_line_that_was_cut(tmp_path):
    path = tmp_path / "log"
    path.write_text("x" * 90 + " xoxb-1-2-" + "S" * 60 + "\nthe end\n")
    assert last_lines(path, 5, 40) == "the end"


@pytest.mark.parametrize("letter", ["x", "天", "█"])
def test_every_message_keeps_within_what_slack_takes(letter):
    names = [letter * 99 + f"{n}" for n in range(60)]
    others = (Other("Me2017", "failed", letter * 200, letter * 300),)
    objects = tuple(ObjectNews(NIGHT, name, letter * 200, (), others) for name in names)
    digest = digest_message(NightNews(NIGHT, 1, {"failed": 60}, objects), "")
    failure = failure_message(others[0], NIGHT, letter * 2500)
    for message in (digest, failure):
        assert len(json.dumps(message.blocks)) <= BLOCKS and len(message.text) <= 3901


def test_a_log_of_another_generation_is_not_shown(bench, server):
    run = bench.fit("ZTF22abc", "Me2017", failed="rejected", detail="no account", log="all is well")
    unit = json.loads((run.parents[1] / "unit.json").read_text())
    (run.parents[1] / "unit.json").write_text(json.dumps({**unit, "generation": 1}))
    os.utime(run / "log")
    bench.deliver("ZTF22abc")
    assert "all is well" not in json.dumps([m.blocks for m in server.store.messages])
