"""What a channel is told of an object and of a night, by the real client over HTTP."""

import json
import os

import pytest
from bench import NIGHT, Bench, fitted
from slack_server import CHANNEL, TOKEN

from nmma_fitter.delivery.slack.courier import couriers
from nmma_fitter.delivery.slack.settings import TOKEN as VARIABLE
from nmma_fitter.delivery.slack.settings import SlackSettings

pytestmark = pytest.mark.slack

LATER = "2459785-2459792"


def words(message):
    """All text of a message's blocks."""
    return json.dumps(message.blocks, ensure_ascii=False)


def thread(server, number=0):
    parent = server.store.parents(CHANNEL)[number]
    return parent, server.store.replies(CHANNEL, parent.ts)


def test_an_object_has_one_message_with_its_ranked_models(bench, server):
    fitted(bench)
    assert bench.deliver("ZTF22abc") == []
    (parent,) = server.store.parents(CHANNEL)
    shown = words(parent)
    assert "ZTF22abc" in shown and "Me2017 describes it best" in shown
    assert shown.index("ln Z -6.70 ± 0.10") < shown.index("ln Z -9.10 ± 0.10")


def test_the_fallback_text_says_the_same_as_the_blocks(bench, server):
    fitted(bench)
    bench.deliver("ZTF22abc")
    parent, _ = thread(server)
    assert "Me2017, kilonova: ln Z -6.70 ± 0.10, ln B" in parent.text


def test_each_fit_has_a_reply_with_its_pictures_named_by_its_digest(bench, server):
    run = bench.fit("ZTF22abc", "Me2017", -6.7)
    digest = json.loads((run / "sentinel.json").read_text())["digest"]
    bench.rank("ZTF22abc")
    bench.deliver("ZTF22abc")
    _, (reply,) = thread(server)
    assert server.store.names(reply) == [
        f"ZTF22abc-Me2017-{kind}-{digest[:32]}-g0.png" for kind in ("lightcurves", "corner")
    ]
    assert reply.text.startswith("Me2017, kilonova: ln Z -6.70")


def test_pictures_are_described_for_those_who_do_not_see_them(bench, server):
    fitted(bench)
    bench.deliver("ZTF22abc")
    texts = [file.alt_txt for file in server.store.files.values()]
    assert all(texts) and "ZTF22abc: corner plot of the posterior of Me2017, kilonova." in texts


def test_the_first_picture_comes_while_other_fits_run(bench, server):
    bench.fit("ZTF22abc", "Me2017", -6.7)
    bench.fit("ZTF22abc", "TrPi2018")
    bench.rank("ZTF22abc")
    bench.deliver("ZTF22abc")
    parent, (reply,) = thread(server)
    assert "Me2017" in server.store.names(reply)[0]
    assert "(1 of 2 ended)" in words(parent) and "TrPi2018" in words(parent)


def test_the_message_is_edited_when_a_fit_ends_and_only_then(bench, server):
    bench.fit("ZTF22abc", "Me2017", -6.7)
    bench.fit("ZTF22abc", "Piro2021")
    bench.rank("ZTF22abc")
    bench.deliver("ZTF22abc"), bench.deliver("ZTF22abc")
    assert server.store.parents(CHANNEL)[0].edits == 0
    fitted(bench)
    bench.deliver("ZTF22abc")
    (parent,) = server.store.parents(CHANNEL)
    assert parent.edits == 1 and "-9.10" in words(parent)


def test_delivering_again_calls_nobody(bench, server):
    fitted(bench)
    bench.deliver("ZTF22abc")
    before = len(server.calls)
    bench.deliver("ZTF22abc")
    assert len(server.calls) == before


def test_all_models_are_compared_in_one_picture_when_all_have_ended(bench, server):
    bench.fit("ZTF22abc", "TrPi2018")
    fitted(bench)
    bench.deliver("ZTF22abc")
    assert not any("comparison" in file.name for file in server.store.files.values())
    bench.fit("ZTF22abc", "TrPi2018", failed="timeout")
    bench.deliver("ZTF22abc")
    _, replies = thread(server)
    assert "comparison" in server.store.names(replies[-1])[0]


def test_a_comparison_older_than_its_ranking_is_not_shown(bench, server):
    fitted(bench)
    os.utime(bench.outdir / NIGHT / "ZTF22abc" / "comparison.png", (1, 1))
    bench.deliver("ZTF22abc")
    assert not any("comparison" in file.name for file in server.store.files.values())


def test_a_picture_that_the_sentinel_does_not_vouch_for_is_not_posted(bench, server):
    run = bench.fit("ZTF22abc", "Me2017", -6.7)
    size = (run / "corner.png").stat().st_size
    (run / "corner.png").write_bytes(b"x" * size)
    bench.deliver("ZTF22abc")
    assert [f.name for f in server.store.files.values() if "corner" in f.name] == []


def test_a_ranking_of_another_run_is_not_quoted(bench, server):
    fitted(bench)
    bench.fit("ZTF22abc", "Me2017", -3.3, data="second")  # ended, and not ranked yet
    bench.deliver("ZTF22abc")
    parent, _ = thread(server)
    assert "-6.70" not in words(parent) and "fitted, not ranked" in words(parent)


def test_no_model_describes_it_is_the_headline_when_the_ranking_says_so(bench, server):
    bench.fit("ZTF22abc", "Me2017", -6.7, p_value=0.001)
    bench.rank("ZTF22abc")
    path = bench.outdir / NIGHT / "ZTF22abc" / "ranking.json"
    path.write_text(path.read_text().replace("Me2017 describes it best", "no model describes this"))
    bench.deliver("ZTF22abc")
    parent, _ = thread(server)
    assert parent.text.startswith("ZTF22abc: no model describes this")
    assert "does not describe it (p = 0.001)" in words(parent)


def test_a_failure_is_a_reply_with_its_reason_and_the_logs_last_lines(bench, server):
    lines = "\n".join(f"line {number}" for number in range(100))
    bench.fit("ZTF22abc", "TrPi2018", failed="timeout", detail="4 of 4 attempts", log=lines)
    bench.deliver("ZTF22abc")
    _, (reply,) = thread(server)
    assert "failed (timeout): 4 of 4 attempts" in words(reply)
    assert "line 99" in words(reply) and "line 84" not in words(reply)


def test_a_file_that_cannot_be_read_is_a_failure_of_its_own(bench, server):
    bench.bad_file("ZTF22abc", "row 3: mag is 'abc'")
    bench.deliver("ZTF22abc")
    _, (reply,) = thread(server)
    assert "the file" in words(reply) and "row 3: mag is 'abc'" in words(reply)


def test_a_log_mentions_nobody_and_shows_no_token(bench, server):
    log = "<!channel> <@U012345> xoxb-1234-abcd\nAuthorization: Bearer abc.def"
    bench.fit("<!here>", "TrPi2018", failed="timeout", detail="<!everyone>", log=log)
    bench.deliver("<!here>")
    for message in server.store.messages:
        assert "<!" not in message.text and "<@" not in message.text
        assert "xoxb-1234" not in words(message) and "abc.def" not in words(message)
        kinds = {leaf["type"] for leaf in leaves(message.blocks)}
        assert kinds <= {"text", "link", "plain_text"}


def leaves(blocks):
    for block in blocks:
        if "text" in block and isinstance(block["text"], dict):
            yield block["text"]
        inner = block.get("elements", [])
        yield from (one for one in inner if "elements" not in one)
        yield from leaves([one for one in inner if "elements" in one])


def test_an_object_of_which_every_model_was_skipped_is_only_counted(bench, server):
    bench.fit("ZTF22abc", "Me2017", skipped="too_few_detections")
    bench.close()
    bench.deliver("ZTF22abc", "")
    (digest,) = server.store.parents(CHANNEL)
    assert "1 object; fits: 1 skipped" in digest.text


def test_new_photometry_goes_to_the_same_thread_with_a_short_line(bench, server):
    fitted(bench)
    bench.deliver("ZTF22abc")
    fitted(bench, night=LATER, data="second")
    bench.deliver("ZTF22abc", night=LATER)
    parent, replies = thread(server)
    assert len(server.store.parents(CHANNEL)) == 1 and LATER in words(parent)
    assert [r.text for r in replies if "new photometry" in r.text] == [
        f"Night {LATER}: new photometry, fitted again."
    ]
    assert sum("lightcurves" in name for r in replies for name in server.store.names(r)) == 4


def test_an_unchanged_light_curve_adds_nothing_to_the_thread(bench, server):
    fitted(bench)
    bench.deliver("ZTF22abc")
    before = len(thread(server)[1])
    for need in bench.ledger.needs(NIGHT):
        bench.ledger.open_night(LATER, bench.outdir / LATER)
        bench.ledger.need(LATER, need.object, need.task, need.digest)
    bench.rank("ZTF22abc")
    (bench.outdir / LATER / "ZTF22abc").mkdir(parents=True)
    source = bench.outdir / NIGHT / "ZTF22abc" / "ranking.json"
    (bench.outdir / LATER / "ZTF22abc" / "ranking.json").write_text(source.read_text())
    bench.deliver("ZTF22abc", night=LATER)
    parent, replies = thread(server)
    assert len(replies) == before
    assert f"unchanged since it was fitted in night {NIGHT}" in words(parent)


def test_late_work_of_an_older_night_does_not_take_the_message_back(bench, server):
    fitted(bench)
    bench.deliver("ZTF22abc")
    fitted(bench, night=LATER, data="second")
    bench.deliver("ZTF22abc", night=LATER)
    bench.fit("ZTF22abc", "TrPi2018", -20.0)
    bench.rank("ZTF22abc")
    bench.deliver("ZTF22abc")
    parent, replies = thread(server)
    assert f"night {LATER}" in words(parent) and "TrPi2018" not in words(parent)
    assert any("TrPi2018-corner" in name for r in replies for name in server.store.names(r))


def test_what_a_person_deleted_stays_deleted_until_there_are_new_data(bench, server):
    bench.fit("ZTF22abc", "Me2017", -6.7)
    bench.fit("ZTF22abc", "Piro2021")
    bench.rank("ZTF22abc")
    bench.deliver("ZTF22abc")
    server.store.delete(CHANNEL, server.store.parents(CHANNEL)[0].ts)
    fitted(bench)
    assert bench.deliver("ZTF22abc") == []
    assert len(server.store.parents(CHANNEL)) == 1
    fitted(bench, night=LATER, data="second")
    bench.deliver("ZTF22abc", night=LATER)
    assert [parent.deleted for parent in server.store.parents(CHANNEL)] == [True, False]


def test_a_closed_night_is_summed_up_once_for_each_revision(bench, server):
    fitted(bench)
    bench.fit("ZTF22abc", "TrPi2018", failed="timeout")
    bench.close()
    bench.deliver("ZTF22abc", ""), bench.deliver("")
    digests = [m for m in server.store.parents(CHANNEL) if m.text.startswith("Night")]
    assert [m.text for m in digests] == [
        f"Night {NIGHT}: 1 object; fits: 2 done, 1 failed\n- ZTF22abc: Me2017 describes it best\n"
        "! 1 failed (timeout): ZTF22abc TrPi2018"
    ]
    bench.fit("ZTF22abc", "TrPi2018", -12.0)
    bench.rank("ZTF22abc"), bench.close()
    bench.deliver("")
    assert server.store.parents(CHANNEL)[-1].text.startswith(f"Night {NIGHT}, revision 2: ")


def test_an_open_night_is_not_summed_up(bench, server):
    fitted(bench)
    bench.deliver("")
    assert server.store.messages == []


def test_links_lead_to_the_page_and_to_other_sites_whatever_the_name(make, server):
    bench = make(page_url="https://x.org/p", links={"Fritz": "https://f.org/source/{object}"})
    fitted(bench, "a b/../<c>")
    bench.deliver("a b/../<c>")
    parent, _ = thread(server)
    urls = [leaf["url"] for leaf in leaves(parent.blocks) if leaf["type"] == "link"]
    folder = "a%2520b%252F..%252F%253Cc%253E"
    assert urls == [
        f"https://x.org/p/{NIGHT}/{folder}/",
        "https://f.org/source/a%20b%2F..%2F%3Cc%3E",
    ]


def test_more_than_fourteen_pictures_of_an_object_are_posted(bench, server):
    for number in range(10):
        bench.fit("ZTF22abc", f"model{number}", -6.7 - number)
    bench.rank("ZTF22abc")
    assert bench.deliver("ZTF22abc") == []
    _, replies = thread(server)
    assert sum(len(reply.files) for reply in replies) == 21
    assert server.store.duplicates() == []


def test_a_hostile_night_keeps_within_slacks_limits(bench, server):
    name = "x" * 400 + "&<>" * 300
    for number in range(30):
        bench.fit(name, f"m{number}", failed="timeout", detail="&" * 5000, log="&<>\n" * 9000)
    bench.close()
    assert bench.deliver(name, "") == []
    assert len(thread(server)[1]) == 30


def test_only_the_pictures_asked_for_are_posted(make, server):
    bench = make(plots=("lightcurves",), failures=False, digest=False)
    fitted(bench)
    bench.fit("ZTF22abc", "TrPi2018", failed="timeout")
    bench.close()
    bench.deliver("ZTF22abc", "")
    assert all("lightcurves" in file.name for file in server.store.files.values())
    assert len(server.store.messages) == 3


def test_a_tick_without_time_goes_on_at_the_next(bench, server):
    fitted(bench)
    answers = iter([False, False, False, True])
    bench.deliver("ZTF22abc", enough=lambda: next(answers, True))
    assert 0 < len(server.store.messages) < 4 and bench.due()
    bench.deliver()
    assert len(thread(server)[1]) == 3 and server.store.duplicates() == []


def test_each_channel_has_a_thread_of_its_own(server, tmp_path):
    other = "C0999999999"
    server.channels[other] = {"name": "second", "is_member": True, "is_archived": False}
    chosen = SlackSettings(channels=(CHANNEL, other), base_url=server.url)
    root = tmp_path / "site"
    bench = Bench(root, lambda: couriers(chosen, root / "outdir", {VARIABLE: TOKEN}))
    fitted(bench)
    bench.deliver("ZTF22abc")
    assert len(server.store.parents(CHANNEL)) == len(server.store.parents(other)) == 1
