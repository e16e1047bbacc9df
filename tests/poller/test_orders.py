"""retry, cancel and catch-up, on the real local scheduler with the toy campaign."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from toy_campaign import ToyCampaign, read_starts, write_candidate
from waiting import tick_to_the_end, wait_until

from nmma_fitter.candidates.nights import nights_between
from nmma_fitter.config import load_config
from nmma_fitter.engine.rebuild import open_ledger
from nmma_fitter.engine.unit import State
from nmma_fitter.errors import BadInput
from nmma_fitter.make_jobs import Order, Poller
from nmma_fitter.poller.catch_up import catch_up
from nmma_fitter.poller.orders import Selection, cancel, ledger_in_hand, retry, to_cancel
from nmma_fitter.poller.signals import Signals

A, B, C = "2459778-2459785", "2459779-2459786", "2459780-2459787"
COMMAND = str(Path(sys.executable).with_name("nmma-fitter"))
CONFIG = "[tick]\ngrace = 2\ninterval = 0.1\nstop_model_after = 3\n[scheduler]\nslots = 4\n"


class Toy:
    """An installation of the toy campaign."""

    def __init__(self, root: Path) -> None:
        (root / "my.toml").write_text(CONFIG)
        self.root = root
        self.config = load_config(root / "my.toml")
        self.campaign = ToyCampaign(root / "outdir", root / "starts")
        self.said: list[str] = []

    def want(self, night: str, name: str, **settings) -> None:
        write_candidate(self.root / "candidates" / night, name, **settings)

    def poller(self, night: str = A) -> Poller:
        order = Order(night_dir=self.root / "candidates" / night)
        return Poller(self.config, order, campaign=self.campaign)

    def finish(self, night: str = A) -> None:
        tick_to_the_end(self.poller(night))

    def retry(self, **chosen) -> int:
        poller = self.poller()
        selection = Selection(**chosen)
        return retry(self.config, self.campaign, poller.scheduler, selection, self.said.append)

    def cancel(self, **chosen) -> int:
        selection = Selection(**chosen)
        return cancel(
            self.config, self.campaign, self.poller().scheduler, selection, self.said.append
        )

    def units(self, night: str = A) -> dict[str, tuple[str, str | None, int]]:
        """State, reason and generation of each object's unit."""
        with open_ledger(self.config.paths.state, self.config.paths.outdir) as ledger:
            rows = {n.object: ledger.unit(n.digest) for n in ledger.needs(night) if n.digest}
        return {name: (r.state.value, r.reason, r.unit.generation) for name, r in rows.items()}

    def starts(self) -> int:
        return len(read_starts(self.root / "starts"))

    def until_started(self, count: int, poller: Poller) -> None:
        wait_until(lambda: poller.tick() and self.starts() >= count)


@pytest.fixture
def toy(tmp_path) -> Toy:
    return Toy(tmp_path)


def test_a_fit_that_published_its_failure_is_wanted_at_the_next_generation(toy):
    toy.want(A, "a", seconds=0.1, final="bad_input")
    toy.finish()
    assert toy.retry(night=A) == 1
    assert toy.units() == {"a": ("pending", None, 1)}
    assert toy.said == [f"{A} a toy: was failed (bad_input), wanted anew (generation 1)"]
    toy.finish()
    assert toy.starts() == 2


def test_one_that_left_nothing_gets_one_more_attempt(toy):
    toy.want(A, "a", seconds=0.1, exit=3)
    toy.finish()
    before = toy.starts()
    assert toy.retry(objects=("a",)) == 1
    assert toy.units()["a"][2] == 0
    toy.finish()
    assert toy.starts() == before + 1 and toy.units()["a"][:2] == ("failed", "nonzero_exit")


def test_given_twice_it_is_done_once(toy):
    toy.want(A, "a", seconds=0.1, final="bad_input")
    toy.finish()
    toy.retry(night=A)
    assert toy.retry(night=A) == 0
    assert toy.said[-1] == f"{A} a toy: is pending; nothing to try again"


def test_only_what_was_chosen_is_tried_again(toy):
    toy.want(A, "a", seconds=0.1, final="bad_input")
    toy.want(A, "b", seconds=0.1, final="not_converged")
    toy.want(A, "c", seconds=0.1)
    toy.finish()
    assert toy.retry(reason="not_converged") == 1
    assert {name: unit[0] for name, unit in toy.units().items()} == {
        "a": "failed",
        "b": "pending",
        "c": "done",
    }


def test_units_of_a_model_that_was_stopped_are_tried_and_not_stopped_again(toy):
    for name in "abc":
        toy.want(A, name, seconds=0.1, final="bad_input")
    toy.finish()
    for name in "def":
        toy.want(B, name, seconds=0.1)
    toy.poller(B).tick()
    stopped = [name for name, unit in toy.units(B).items() if unit[1] == "unavailable"]
    assert len(stopped) == 2
    assert toy.retry(night=B, reason="unavailable") == 2
    toy.finish(B)
    assert {unit[0] for unit in toy.units(B).values()} == {"done"}


def test_todays_configuration_counts_for_another_try(toy):
    toy.want(A, "a", seconds=0.1, exit=3, resources={"memory_mb": 100})
    toy.finish()
    toy.want(A, "a", seconds=0.1, exit=3, resources={"memory_mb": 300})
    toy.retry(night=A)
    with open_ledger(toy.config.paths.state, toy.config.paths.outdir) as ledger:
        [row] = ledger.units(State.PENDING)
    assert row.unit.resources.memory_mb == 300


def test_what_is_not_said_is_not_guessed(toy):
    with pytest.raises(BadInput, match="--object"):
        Selection()
    toy.want(A, "a", seconds=0.1)
    toy.finish()
    with pytest.raises(BadInput, match=A):
        toy.retry(night="2450000")
    with pytest.raises(BadInput, match="nmma-fitter status"):
        toy.retry(objects=("z",))


def test_a_cancelled_fit_ends_as_cancelled_and_its_job_with_it(toy):
    toy.want(A, "a", seconds=3600)
    poller = toy.poller()
    toy.until_started(1, poller)
    assert toy.cancel(night=A) == 1
    toy.finish()
    assert toy.units()["a"][:2] == ("failed", "cancelled")
    runs = list((toy.root / "outdir" / A / "a" / "toy" / "attempts").iterdir())
    wait_until((runs[0] / "exit").exists, 30, "its job runs on")
    assert toy.starts() == 1


def test_one_killed_between_ledger_and_batch_system_is_finished_by_the_next_tick(toy):
    toy.want(A, "a", seconds=3600)
    poller = toy.poller()
    toy.until_started(1, poller)
    selection = Selection(night=A)

    class Killed(BaseException):
        pass

    class Dying:
        def cancel(self, jobs):
            raise Killed

    with pytest.raises(Killed):
        cancel(toy.config, toy.campaign, Dying(), selection, toy.said.append)
    poller.tick()
    [run] = (toy.root / "outdir" / A / "a" / "toy" / "attempts").iterdir()
    wait_until((run / "exit").exists, 30, "its job runs on")


def test_a_cancelled_fit_can_be_wanted_again_though_its_job_is_still_ending(toy):
    toy.want(A, "a", seconds=2.0)
    poller = toy.poller()
    toy.until_started(1, poller)
    toy.cancel(night=A)
    assert toy.retry(night=A) == 1
    toy.finish()
    assert toy.units()["a"] == ("done", None, 1)


def test_what_would_be_cancelled_is_listed_without_cancelling(toy):
    toy.want(A, "a", seconds=0.3)
    toy.want(A, "b", seconds=0.3)
    toy.poller().tick()
    names = to_cancel(toy.config, Selection(objects=("b",)), toy.said.append)
    assert names == [f"{A} b toy"]
    toy.finish()
    assert toy.units()["b"][0] == "done"


def test_the_command_asks_before_it_cancels(toy):
    toy.want(A, "a", seconds=30)
    poller = toy.poller()
    poller.tick()
    command = [COMMAND, "cancel", A, "--config", str(toy.root / "my.toml")]
    no = subprocess.run(command, input="n\n", capture_output=True, text=True, check=False)
    assert no.returncode == 1 and "cancel 1 fit?" in no.stdout
    assert toy.units()["a"][0] in ("submitted", "running")
    yes = subprocess.run([*command, "--yes"], capture_output=True, text=True, check=False)
    assert yes.returncode == 0 and toy.units()["a"][1] == "cancelled"


def test_a_verb_waits_for_a_tick_to_end_and_says_so(toy):
    toy.want(A, "a", seconds=0.1, final="bad_input")
    toy.finish()
    command = [COMMAND, "retry", A, "--config", str(toy.root / "my.toml")]
    with ledger_in_hand(toy.config, toy.said.append):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert "waiting up to" in process.stdout.readline()
    rest, _ = process.communicate(timeout=600)
    assert process.returncode == 0 and "wanted anew" in rest


def test_where_nothing_was_done_it_says_so(tmp_path):
    done = subprocess.run(
        [COMMAND, "retry", A], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 2 and "check --config" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_missed_nights_are_caught_up_in_their_order_and_nothing_is_done_twice(toy):
    for night, name in ((A, "a"), (B, "b"), (C, "c")):
        toy.want(night, name, seconds=0.1)
    toy.want(C, "b", seconds=0.1)
    toy.finish(A)
    nights = nights_between(toy.root / "candidates", A, "2459780", time.time())
    shown = []
    with Signals() as signals:
        reports = catch_up(toy.config, nights, shown.append, signals, campaign=toy.campaign)
    assert [night.name for night in nights] == [A, B, C]
    assert all(report.finished for report in reports) and toy.starts() == 3
    assert [report.night for report in shown[:3]] == [A, B, C]
    [again] = [n for n in reports[2].needs if n.object == "b"]
    assert again.unit_night == B, "the earliest night has it"


def test_nights_are_chosen_by_name_or_by_how_it_begins(tmp_path):
    for night in (A, B, C):
        (tmp_path / night).mkdir()
    assert [n.name for n in nights_between(tmp_path, "2459779", "2459779", time.time())] == [B]
    with pytest.raises(BadInput, match=f"there are {A} to {C}"):
        nights_between(tmp_path, "2450000", "2450001", time.time())
