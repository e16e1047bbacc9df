"""What all tests share: hypothesis's profiles, the toy campaign, and a real sshd."""

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# `toy_campaign` and `ssh_server`, for the tests of several folders; the tests are not a package.
sys.path[:0] = [str(Path(__file__).parent / folder) for folder in ("", "clusters")]

from ssh_server import SshServer, missing_commands, private_sshd  # noqa: E402

settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile(
    "dev", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(autouse=True)
def as_talkative_as_before() -> Iterator[None]:
    """A poller within this process speaks less of candidates from its second tick on."""
    candidates = logging.getLogger("nmma_fitter.candidates")
    before = candidates.level
    yield
    candidates.setLevel(before)


@pytest.fixture(scope="module")
def one_sshd(tmp_path_factory) -> Iterator[SshServer]:
    if missing := missing_commands():
        pytest.skip(
            f"needs {', '.join(missing)}; run as root: NMMA_FITTER_TEST_INSTALL=1 make test"
        )
    with private_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def sshd(one_sshd) -> Iterator[SshServer]:
    """The server with empty folders and no connections."""
    one_sshd.start()
    yield one_sshd
    one_sshd.cut()
    one_sshd.empty()
