"""Real batch systems, brought up once a session and mended after every test.

What takes long on a real cluster is mostly waiting. A test module may therefore tell a *story*: its
function ``story(root)`` plays scenarios to their end on a cluster of its own and returns what the
module's tests look at, through the fixture ``told``. All stories of the session run side by side,
from the first test of this folder on.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).parent
# Shared by this folder's test modules, which are not a package; and the schedulers' contract.
sys.path[:0] = [str(HERE), str(HERE.parent / "schedulers")]
pytest.register_assert_rewrite("contract", "installation")

from elsewhere import Elsewhere  # noqa: E402
from htcondor_pool import UNPACKED, Pool, private_pool  # noqa: E402
from slurm_cluster import SlurmCluster, private_slurm  # noqa: E402

INSTALL = HERE.parents[1] / "scripts" / "install_test_packages"


def why_not() -> str:
    """Why no private Slurm can be brought up here, empty when it can."""
    command = "run as root: NMMA_FITTER_TEST_INSTALL=1 make test"
    if os.geteuid() != 0:
        return f"a private Slurm needs root; {command}"
    missing = subprocess.run(
        [INSTALL, "--missing", "slurm"], capture_output=True, text=True, check=True
    )
    names = missing.stdout.split()
    return f"a private Slurm needs {', '.join(names)}; {command}" if names else ""


def brought_up(root: Path, *, accounting: bool) -> Iterator[SlurmCluster]:
    if reason := why_not():
        pytest.skip(reason)
    with private_slurm(root, accounting=accounting) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def slurm_cluster(tmp_path_factory) -> Iterator[SlurmCluster]:
    """Without accounting."""
    yield from brought_up(tmp_path_factory.mktemp("slurm"), accounting=False)


@pytest.fixture(scope="session")
def slurm_cluster_dbd(tmp_path_factory) -> Iterator[SlurmCluster]:
    """With slurmdbd."""
    yield from brought_up(tmp_path_factory.mktemp("slurmdbd"), accounting=True)


def why_no_pool() -> str:
    """Why no private HTCondor pool can be brought up here, empty when it can."""
    if not (UNPACKED / "root" / "usr" / "sbin" / "condor_master").exists():
        return "a private HTCondor needs its daemons; as root: NMMA_FITTER_TEST_INSTALL=1 make test"
    return "" if find_spec("htcondor2") else "HTCondor's bindings are not installed"


ELSEWHERE = pytest.StashKey[Elsewhere]()


def of_htcondor(item: pytest.Item) -> bool:
    return item.get_closest_marker("htcondor") is not None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    """HTCondor runs no job of root's: an ordinary user does these tests, all in one process."""
    if os.geteuid() != 0 or not of_htcondor(item) or why_no_pool():
        return None
    stash, hook = item.config.stash, item.ihook
    if ELSEWHERE not in stash:
        tests = [one.nodeid for one in item.session.items if of_htcondor(one)]
        stash[ELSEWHERE] = Elsewhere(item.config, tests)
    root: Any = item.config.pluginmanager.get_plugin(str(item.config.rootpath / "conftest.py"))
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in stash[ELSEWHERE].reports(item.nodeid):
        root.count(item, report.duration)
        hook.pytest_runtest_logreport(report=report)
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what was started elsewhere."""
    if ELSEWHERE in config.stash:
        config.stash[ELSEWHERE].close()


@pytest.fixture(scope="session")
def htcondor_pool(tmp_path_factory) -> Iterator[Pool]:
    """Two nodes that share their files."""
    if reason := why_no_pool():
        pytest.skip(reason)
    with private_pool(tmp_path_factory.mktemp("htcondor")) as pool:
        yield pool


@pytest.fixture
def htcondor(htcondor_pool, monkeypatch) -> Iterator[Pool]:
    """The pool, as this test's; left as it was found."""
    monkeypatch.setenv("CONDOR_CONFIG", htcondor_pool.environment["CONDOR_CONFIG"])
    try:
        yield htcondor_pool
    finally:
        htcondor_pool.mend()


def used(cluster: SlurmCluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlurmCluster]:
    monkeypatch.setenv("SLURM_CONF", cluster.environment["SLURM_CONF"])
    try:
        yield cluster
    finally:
        cluster.mend()


@pytest.fixture
def slurm(slurm_cluster, monkeypatch) -> Iterator[SlurmCluster]:
    """The cluster without accounting, as this test's; left as it was found."""
    yield from used(slurm_cluster, monkeypatch)


@pytest.fixture
def slurm_dbd(slurm_cluster_dbd, monkeypatch) -> Iterator[SlurmCluster]:
    """The cluster with accounting, as this test's; left as it was found."""
    yield from used(slurm_cluster_dbd, monkeypatch)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ask how the stories went after this folder's other tests: they go on meanwhile."""
    places = [place for place, item in enumerate(items) if HERE in item.path.parents]
    mine = sorted((items[place] for place in places), key=lambda i: hasattr(i.module, "story"))
    for place, item in zip(places, mine, strict=True):
        items[place] = item


def cannot_be_told(module: ModuleType) -> str:
    """Why a module's story cannot be told here, empty when it can."""
    if module.pytestmark.name != "htcondor":
        return why_not()
    return why_no_pool() or ("an ordinary user tells it" if os.geteuid() == 0 else "")


@pytest.fixture(scope="session", autouse=True)
def stories(request, tmp_path_factory) -> Iterator[dict[str, Future[Any]]]:
    """The stories of the chosen modules, begun."""
    modules = {item.module for item in request.session.items if hasattr(item.module, "story")}
    modules = {module for module in modules if not cannot_be_told(module)}
    if not modules:
        yield {}
        return
    with ThreadPoolExecutor(len(modules)) as pool:
        yield {
            module.__name__: pool.submit(module.story, tmp_path_factory.mktemp("story"))
            for module in modules
        }


@pytest.fixture(scope="module")
def told(request, stories) -> Any:
    """What the module's story came to."""
    if reason := cannot_be_told(request.module):
        pytest.skip(reason)
    return stories[request.module.__name__].result(timeout=3600)
