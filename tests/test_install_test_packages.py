"""The tests' own packages are installed when that is asked for, and only then."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "install_test_packages"
NOTHING_INSTALLED = "#!/bin/bash\nexit 1\n"
ALL_BUT_MUNGE = '#!/bin/bash\n[ "${@: -1}" != munge ] && echo installed\n'
ALL_INSTALLED = "#!/bin/bash\necho installed\n"
ORDINARY_USER = "#!/bin/bash\necho 1000\n"
ROOT = "#!/bin/bash\necho 0\n"


@pytest.fixture
def call(tmp_path):
    """Run the script on a machine whose commands are these; returns its output and apt's calls."""

    def run(
        *arguments: str, asked: bool = True, daemons_there: bool = True, **commands: str
    ) -> tuple[str, str]:
        calls = tmp_path / "apt-calls"
        commands = {"apt_get": f'#!/bin/bash\necho "$@" >>{calls}\n', **commands}
        for name, text in commands.items():
            path = tmp_path / name.replace("_", "-")
            path.write_text(text)
            path.chmod(0o755)
        policy = {"POLICY_RC_D": str(tmp_path / "policy-rc.d")}
        daemons = {"NMMA_FITTER_TEST_HTCONDOR": str(tmp_path / "daemons")}
        master = tmp_path / "daemons" / "root" / "usr" / "sbin" / "condor_master"
        if daemons_there:
            master.parent.mkdir(parents=True)
            master.touch(0o755)
        environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", **policy, **daemons}
        if asked:
            environment["NMMA_FITTER_TEST_INSTALL"] = "1"
        done = subprocess.run(
            [SCRIPT, *arguments], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout + done.stderr, calls.read_text() if calls.exists() else ""

    return run


def test_nothing_is_installed_unless_asked(call):
    assert call(asked=False, dpkg_query=NOTHING_INSTALLED) == ("", "")


def test_nothing_is_installed_when_all_is_there(call):
    assert call(dpkg_query=ALL_INSTALLED) == ("", "")


def test_what_is_missing_can_be_listed(call):
    assert call("--missing", dpkg_query=ALL_BUT_MUNGE) == ("munge\n", "")


@pytest.mark.parametrize(
    ("marker", "has", "lacks"),
    [
        ("slurm", "munge", "rsync"),
        ("ssh", "rsync", "munge"),
        ("browser", "chromium", "munge"),
        ("htcondor", "patchelf", "munge"),
    ],
)
def test_what_is_missing_for_one_marker_can_be_listed(call, marker, has, lacks):
    names = call("--missing", marker, dpkg_query=NOTHING_INSTALLED)[0].split()
    assert has in names and lacks not in names


def test_daemons_that_were_not_unpacked_are_missing(call):
    said, _ = call("--missing", daemons_there=False, dpkg_query=ALL_INSTALLED)
    assert said == "htcondor-daemons\n"


def test_an_ordinary_user_is_told_what_is_missing_and_the_tests_go_on(call):
    said, calls = call(dpkg_query=ALL_BUT_MUNGE, id=ORDINARY_USER)
    assert "munge" in said and "skipped" in said and calls == ""


def test_what_is_missing_is_installed_and_no_more(call):
    _, calls = call(dpkg_query=ALL_BUT_MUNGE, id=ROOT)
    update, install = calls.splitlines()
    assert update.endswith("update")
    assert install.endswith("install -y --no-install-recommends munge")


def test_no_service_is_started_by_installing_and_later_ones_may_be(call, tmp_path):
    apt = f"#!/bin/bash\n{tmp_path}/policy-rc.d; echo $? >>{tmp_path}/policy\n"
    call(dpkg_query=ALL_BUT_MUNGE, id=ROOT, apt_get=apt)
    assert (tmp_path / "policy").read_text().split() == ["101", "101"]
    assert not (tmp_path / "policy-rc.d").exists()
