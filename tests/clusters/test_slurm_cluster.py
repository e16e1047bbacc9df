"""The private cluster does what the scenarios believe of it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from daemons import wait_until
from reaper import Reaper, descendants

pytestmark = pytest.mark.slurm
HERE = Path(__file__).parent


def submitted(cluster, *arguments: str, body: str) -> str:
    """A job, by its id."""
    return cluster.run("sbatch", "--parsable", "-o/dev/null", *arguments, "--wrap", body).strip()


def running(cluster, *arguments: str, body: str = "sleep 300") -> str:
    """A job that runs, by its id; its body must last long enough to be seen running."""
    job_id = submitted(cluster, *arguments, body=body)
    wait_until(lambda: state(cluster, job_id) == "RUNNING", 30, f"job {job_id} to run")
    return job_id


def state(cluster, job_id: str) -> str:
    return cluster.run("squeue", "-h", "-tall", "-o%T", f"-j{job_id}", check=False).strip()


def host(cluster, job_id: str) -> str:
    return cluster.run("squeue", "-h", "-o%N", f"-j{job_id}").strip()


def test_two_nodes_run_more_jobs_than_the_machine_has_processors(slurm):
    ids = [running(slurm, "-c4") for _ in range(4)]
    assert [host(slurm, job_id) for job_id in ids] == ["n1", "n1", "n2", "n2"]


def test_a_killed_node_takes_its_jobs_along(slurm, tmp_path):
    running(slurm, "-wn1", body=f"echo $$ >{tmp_path}/pid; exec sleep 300")
    pid = int(wait_for_text(tmp_path / "pid"))
    slurm.nodes["n1"].kill()
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), 5, "the job to be gone")


def test_killing_slurmd_alone_leaves_its_jobs_running(slurm, tmp_path):
    running(slurm, "-wn1", body=f"echo $$ >{tmp_path}/pid; exec sleep 300")
    pid = int(wait_for_text(tmp_path / "pid"))
    slurm.nodes["n1"].slurmd.kill()
    assert Path(f"/proc/{pid}").exists()


def test_a_paused_controller_does_not_answer_and_then_does(slurm):
    slurm.controller.pause()
    with pytest.raises(subprocess.TimeoutExpired):
        slurm.run("squeue", seconds=1)
    slurm.controller.resume()
    wait_until(slurm.answers, 10, "the controller")


def test_a_restarted_controller_knows_its_jobs(slurm):
    job_id = running(slurm)
    slurm.controller.restart()
    wait_until(slurm.answers, 10, "the controller")
    assert state(slurm, job_id) == "RUNNING"


def test_accounting_remembers_what_the_queue_forgot(slurm_dbd):
    job_id = submitted(slurm_dbd, body="exit 3")

    def said() -> str:
        return slurm_dbd.run("sacct", "-n", "-X", "-P", "-oState,ExitCode", f"-j{job_id}").strip()

    wait_until(lambda: said() == "FAILED|3:0", 30, "sacct")


def test_daemons_end_with_the_process_that_started_them(tmp_path):
    code = (
        f"import sys, os, time; sys.path.insert(0, {str(HERE)!r})\n"
        "from pathlib import Path; from reaper import Reaper\n"
        "argv = ['/bin/sh', '-c', 'setsid sleep 300 & setsid sleep 300 & wait']\n"
        "r = Reaper(); pid = r.start(argv, dict(os.environ), Path(sys.argv[1]))\n"
        "print(r.pid, flush=True); time.sleep(300)\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True
    )
    reaper = int(holder.stdout.readline())
    wait_until(lambda: len(descendants(reaper)) == 3, 10, "the daemons")
    pids = descendants(reaper)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    gone = [reaper, *pids]
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in gone), 10, "their end")


def test_a_reaper_signals_nothing_that_is_not_its_own(tmp_path):
    stranger = subprocess.Popen(["sleep", "300"])
    reaper = Reaper()
    try:
        assert reaper.signal(signal.SIGKILL, stranger.pid) == []
        assert stranger.poll() is None
    finally:
        reaper.close()
        stranger.kill()
        stranger.wait()


def test_it_can_be_held_by_hand_and_let_go(tmp_path_factory):
    root = tmp_path_factory.mktemp("hand")

    def call(verb: str) -> subprocess.CompletedProcess[str]:
        script = [sys.executable, str(HERE / "slurm_cluster.py"), verb, root]
        return subprocess.run(script, capture_output=True, text=True, timeout=600)

    conf = call("up").stdout.strip().removeprefix("export SLURM_CONF=")
    environment = {**os.environ, "SLURM_CONF": conf}
    first = subprocess.run(["scontrol", "ping"], env=environment, capture_output=True, timeout=600)
    assert call("down").returncode == 0
    second = subprocess.run(["scontrol", "ping"], env=environment, capture_output=True, timeout=600)
    assert (first.returncode, second.returncode) == (0, 1)


def wait_for_text(path: Path, seconds: float = 30) -> str:
    wait_until(lambda: path.exists() and path.read_text().endswith("\n"), seconds, str(path))
    return path.read_text()
