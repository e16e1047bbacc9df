"""A real sshd, once a module, up again before each test."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Shared with the tests of clusters, which are not a package.
sys.path.insert(0, str(Path(__file__).parents[1] / "clusters"))

from ssh_server import SshServer, missing_commands, private_sshd


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
