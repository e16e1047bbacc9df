"""Calls of rsync through a real sshd and keys that rrsync restricts."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from daemons import wait_until
from reaper import descendants

from nmma_fitter.transfer.failures import TransferCut, TransferError, TransferTooLong
from nmma_fitter.transfer.rsync import Rsync
from nmma_fitter.transfer.settings import FolderDestination, RsyncPlace

pytestmark = pytest.mark.ssh
MIB = 1024 * 1024
ALL = ["--include=*/", "--include=*", "--exclude=.*"]


def place(sshd, key, **others):
    settings = sshd.settings(key, **others)
    del settings["kind"]
    return RsyncPlace(**settings)


def no_waiting(seconds):
    pass


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


def write(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_files_are_listed_with_size_and_time(sshd):
    path = write(sshd.pull, "night/a b.csv", "jd\n")
    os.utime(path, (1_600_000_000, 1_600_000_000))
    [entry] = Rsync(place(sshd, "ro")).entries(ALL)
    assert entry.name == "night/a b.csv" and entry.size == 3
    assert entry.time == "2020/09/13 12:26:40"


def test_links_are_not_listed(sshd):
    (sshd.pull / "link.csv").symlink_to("/etc/passwd")
    assert Rsync(place(sshd, "ro")).entries(ALL) == []


def test_files_come_with_their_times(sshd, root):
    path = write(sshd.pull, "night/it's $(here).csv", "x\n")
    os.utime(path, (1_600_000_000, 1_600_000_000))
    Rsync(place(sshd, "ro")).fetch(["night/it's $(here).csv"], root)
    found = root / "night" / "it's $(here).csv"
    assert found.read_text() == "x\n" and found.stat().st_mtime == 1_600_000_000


def test_what_vanished_or_is_too_large_is_left_out(sshd, root):
    write(sshd.pull, "small", "x")
    write(sshd.pull, "large", "x" * 101)
    Rsync(place(sshd, "ro")).fetch(["small", "large", "gone"], root, largest=100)
    assert [path.name for path in root.iterdir()] == ["small"]


def test_what_was_sent_is_found_the_same_through_a_write_only_key(sshd, root):
    write(root, "n/o/a.txt", "a")
    client = Rsync(place(sshd, "wo"))
    client.push(root, ["n/o/a.txt"])
    assert (sshd.push / "n/o/a.txt").read_text() == "a"
    assert client.differing(root, ["n/o/a.txt"]) == []


def test_bytes_changed_there_are_found_although_size_and_time_agree(sshd, root):
    path = write(root, "a.txt", "a")
    client = Rsync(place(sshd, "wo"))
    client.push(root, ["a.txt"])
    write(sshd.push, "a.txt", "b")
    os.utime(sshd.push / "a.txt", ns=(path.stat().st_mtime_ns,) * 2)
    client.push(root, ["a.txt"])
    assert client.differing(root, ["a.txt"]) == ["a.txt"]


def test_what_is_missing_there_differs(sshd, root):
    write(root, "n/a.txt", "a")
    assert Rsync(place(sshd, "wo")).differing(root, ["n/a.txt"]) == ["n/a.txt"]


def test_files_are_removed_through_a_write_only_key(sshd):
    write(sshd.push, "n/o/gone.fin", "{}")
    write(sshd.push, "n/o/kept.txt", "")
    Rsync(place(sshd, "wo")).remove(["n/o/gone.fin", "m/never.fin"])
    assert [path.name for path in (sshd.push / "n/o").iterdir()] == ["kept.txt"]
    assert not (sshd.push / "m").exists()


@pytest.mark.parametrize(
    ("key", "others", "words"),
    [
        ("stranger", {}, "does not accept the key"),
        ("wo", {}, "does not allow this direction"),
        ("ro", {"path": "nowhere"}, "the folder there cannot be used|No such file"),
        ("ro", {"rsync": "/nowhere/rsync"}, "install rsync here"),
        ("ro", {"host": "nowhere.invalid"}, "no such host"),
    ],
)
def test_what_would_fail_again_is_said_and_not_tried_again(sshd, key, others, words):
    waits = []
    client = Rsync(place(sshd, key, **{"tries": 3, **others}), waits.append)
    with pytest.raises(TransferError, match=words):
        client.entries(ALL)
    assert waits == []


def test_a_changed_host_key_is_said_and_not_tried_again(sshd):
    waits = []
    changed = place(sshd, "ro", known_hosts=sshd.knowing("other-host"), tries=3)
    with pytest.raises(TransferError, match="host key is not the one in known_hosts"):
        Rsync(changed, waits.append).entries(ALL)
    assert waits == []


def test_an_unknown_host_key_is_not_accepted(sshd, tmp_path):
    nobody = tmp_path / "known"
    nobody.touch()
    with pytest.raises(TransferError, match="host key is not in known_hosts"):
        Rsync(place(sshd, "ro", known_hosts=nobody)).entries(ALL)


def test_a_refused_connection_is_tried_again_a_few_times(sshd):
    sshd.stop()
    waits = []
    with pytest.raises(TransferCut, match="refused"):
        Rsync(place(sshd, "ro", tries=3), waits.append).entries(ALL)
    assert len(waits) == 2


def test_a_server_that_comes_back_meanwhile_is_used(sshd):
    write(sshd.pull, "a.csv", "x")
    sshd.stop()
    client = Rsync(place(sshd, "ro", tries=2), lambda seconds: sshd.start())
    assert [entry.name for entry in client.entries(ALL)] == ["a.csv"]


def sending(client, root, name):
    """Send a file in the background; errors are collected."""
    errors = []

    def send():
        try:
            client.push(root, [name])
        except TransferError as error:
            errors.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    return thread, errors


def partly_there(sshd, least):
    """Whether so many bytes of a file on its way have arrived."""
    files = [p for p in sshd.push.rglob("*") if p.is_file()]
    return sum(path.stat().st_size for path in files) > least


def cut(sshd):
    """End sshd's own processes; rsync there is left with half a file, and sees that."""
    for pid in sshd.sessions():
        if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"sshd"):
            os.kill(pid, signal.SIGKILL)


def test_a_connection_cut_in_the_middle_of_a_file_is_gone_on_with_there(sshd, root):
    write(root, "big", os.urandom(4 * MIB))
    whole = {"path": str(sshd.push), "bandwidth_kb": 1000}
    client = Rsync(place(sshd, "full", **whole))
    thread, errors = sending(client, root, "big")
    wait_until(lambda: partly_there(sshd, 1_000_000), 20, "a part to arrive")
    cut(sshd)
    thread.join(600)
    assert isinstance(errors[0], TransferCut)
    kept = sshd.push / ".rsync-partial" / "big"
    wait_until(kept.exists, 10, "the part to be kept")
    client.push(root, ["big"])
    assert client.differing(root, ["big"]) == [] and not kept.exists()


def test_files_that_arrived_before_the_cut_are_not_sent_again(sshd, root):
    write(root, "a", "a")
    write(root, "big", os.urandom(3 * MIB))
    client = Rsync(place(sshd, "wo", bandwidth_kb=1000))
    client.push(root, ["a"])
    arrived = (sshd.push / "a").stat().st_ino
    thread, _ = sending(client, root, "big")
    wait_until(lambda: partly_there(sshd, 500_000), 20, "a part to arrive")
    cut(sshd)
    thread.join(600)
    assert not (sshd.push / "big").exists()
    wait_until(lambda: not sshd.sessions(), 10, "rsync there to end")
    Rsync(place(sshd, "wo")).push(root, ["a", "big"])
    assert (sshd.push / "a").stat().st_ino == arrived


def test_a_pull_that_was_cut_is_gone_on_with_here(sshd, root):
    write(sshd.pull, "n/big", os.urandom(4 * MIB))
    slow = Rsync(place(sshd, "ro", bandwidth_kb=1000, time_limit=3))
    part = root / "n" / ".rsync-partial" / "big"

    def some_came() -> bool:
        with pytest.raises(TransferTooLong):
            slow.fetch(["n/big"], root)
        return part.exists() and part.stat().st_size > 500_000

    wait_until(some_came)
    Rsync(place(sshd, "ro")).fetch(["n/big"], root)
    assert (root / "n/big").read_bytes() == (sshd.pull / "n/big").read_bytes()


def test_a_stopped_remote_meets_the_time_limit(sshd, root):
    write(root, "big", os.urandom(4 * MIB))
    client = Rsync(place(sshd, "wo", bandwidth_kb=1000, time_limit=3, connect_seconds=60))
    thread, errors = sending(client, root, "big")
    wait_until(lambda: errors or partly_there(sshd, 100_000), 10, "a part to arrive")
    sshd.pause()
    thread.join(600)
    assert isinstance(errors[0], TransferTooLong)


def test_nothing_is_left_of_a_transfer_over_its_time_limit(sshd, root):
    write(root, "big", os.urandom(4 * MIB))
    client = Rsync(place(sshd, "wo", bandwidth_kb=500, time_limit=2))
    with pytest.raises(TransferTooLong):
        client.push(root, ["big"])
    assert transfers(os.getpid()) == []


def transfers(pid):
    """Processes of transfers below one."""
    names = [Path(f"/proc/{one}/comm") for one in descendants(pid)]
    return [name.read_text() for name in names if name.exists() and "rsync" in name.read_text()]


def test_a_killed_poller_leaves_no_transfer_behind(sshd, root):
    write(root, "big", os.urandom(8 * MIB))
    settings = place(sshd, "wo", bandwidth_kb=500).model_dump_json()
    script = (
        "import sys; from pathlib import Path\n"
        "from nmma_fitter.transfer.rsync import Rsync\n"
        "from nmma_fitter.transfer.settings import RsyncPlace\n"
        f"Rsync(RsyncPlace.model_validate_json({settings!r})).push(Path({str(root)!r}), ['big'])\n"
    )
    poller = subprocess.Popen([sys.executable, "-c", script])
    wait_until(lambda: partly_there(sshd, 100_000), 20, "a part to arrive")
    mine = descendants(poller.pid)
    poller.kill()
    poller.wait()
    assert mine
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in mine), 10, "rsync to end")


def test_a_folder_needs_no_ssh(root, tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    write(root, "n/a.txt", "a")
    client = Rsync(FolderDestination(kind="folder", path=there))
    client.push(root, ["n/a.txt"])
    assert client.differing(root, ["n/a.txt"]) == []


def test_a_folder_that_is_not_mounted_is_not_made(root, tmp_path):
    write(root, "a.txt", "a")
    with pytest.raises(TransferCut, match="is it mounted"):
        Rsync(FolderDestination(kind="folder", path=tmp_path / "nowhere"), no_waiting).push(
            root, ["a.txt"]
        )
    assert not (tmp_path / "nowhere").exists()
