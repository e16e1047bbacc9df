"""Packages are installed by uv or by pip, as pip is configured, in the same versions."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "install.py"
REFUSES = "#!/bin/bash\n[ $1 = --version ] && exit 0\necho 'error: no such index' >&2\nexit 2\n"
CANNOT_START = "#!/bin/bash\nexit 127\n"
Install = Callable[..., tuple[int, str, str]]


def wheel(folder: Path, version: str) -> None:
    """A package without anything in it."""
    info = f"alpha-{version}.dist-info"
    with zipfile.ZipFile(folder / f"alpha-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: alpha\nVersion: {version}\n"
        )
        tag = "Root-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: test\n{tag}")
        archive.writestr(f"{info}/RECORD", f"{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with pip alone."""
    made = tmp_path_factory.mktemp("install") / "env"
    subprocess.run([sys.executable, "-m", "venv", made], check=True, timeout=300)
    return made


@pytest.fixture
def install(environment: Path, tmp_path: Path) -> Install:
    """Run the script where pip knows a folder with alpha 1 and 2, a constraint, and no index."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    wheel(wheels, "1.0")
    wheel(wheels, "2.0")
    (tmp_path / "constraints.txt").write_text("alpha<2\n")
    python = environment / "bin" / "python"

    def run(uv: str | Path, **settings: str) -> tuple[int, str, str]:
        programs = tmp_path / "programs"
        programs.mkdir()
        if isinstance(uv, Path):
            (programs / "uv").symlink_to(uv)
        else:
            (programs / "uv").write_text(uv)
            (programs / "uv").chmod(0o755)
        (tmp_path / "pip.conf").write_text(
            f"[global]\nno-index = true\nfind-links = {wheels}\n"
            f"[install]\nconstraint = {tmp_path / 'constraints.txt'}\n"
        )
        kept = {key: value for key, value in os.environ.items() if key[:3] not in ("PIP", "UV_")}
        given = {"PATH": f"{programs}:/usr/bin:/bin", "PIP_CONFIG_FILE": str(tmp_path / "pip.conf")}
        words = [python, SCRIPT, "a package", "alpha"]
        done = subprocess.run(
            words,
            env={
                **kept,
                **given,
                **settings,
                "XDG_CONFIG_HOME": str(tmp_path),
                "HOME": str(tmp_path),
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        shown = [python, "-m", "pip", "list", "--format", "freeze"]
        listed = subprocess.run(shown, capture_output=True, text=True, timeout=300, check=True)
        away = [python, "-m", "pip", "uninstall", "--quiet", "--yes", "alpha"]
        subprocess.run(away, capture_output=True, timeout=300, check=False)
        found = [line for line in listed.stdout.splitlines() if line.startswith("alpha")]
        return done.returncode, done.stdout, "".join(found)

    return run


def test_uv_installs_what_pip_is_configured_for(install: Install) -> None:
    beside = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    uv = shutil.which("uv", path=beside)
    if uv is None or subprocess.run([uv, "--version"], check=False, timeout=60).returncode:
        pytest.skip("uv is not installed")
    status, told, version = install(Path(uv))
    assert (status, version) == (0, "alpha==1.0")
    assert told.startswith("Installing a package in ") and "\nInstalled by uv in " in told


@pytest.mark.parametrize(
    ("uv", "settings", "reason"),
    [
        (REFUSES, {}, "it says: error: no such index"),
        (CANNOT_START, {}, "pip could not install it ("),
        (REFUSES, {"PIP_ONLY_BINARY": ":all:"}, "pip's setting only-binary (:all:) has no equiv"),
    ],
)
def test_pip_installs_the_same_where_uv_cannot(
    install: Install, uv: str, settings: dict[str, str], reason: str
) -> None:
    status, told, version = install(uv, **settings)
    assert (status, version) == (0, "alpha==1.0")
    first, why, last = told.splitlines()
    assert first.startswith("Installing a package in ")
    assert why.startswith(f"uv cannot be used: {reason}")
    assert last.startswith("Installed by pip in ")


def test_what_cannot_be_installed_fails(install: Install) -> None:
    status, told, version = install(REFUSES, PIP_FIND_LINKS="/nowhere")
    assert (status, version) == (1, "")
    assert "Installed" not in told


def test_ctrl_c_ends_it_in_one_line(environment: Path, tmp_path: Path) -> None:
    program = tmp_path / "uv"
    program.write_text("#!/bin/bash\nkill -INT $PPID\nexec sleep 600\n")
    program.chmod(0o755)
    done = subprocess.run(
        [environment / "bin" / "python", SCRIPT, "alpha", "alpha"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 130
    assert done.stderr.strip() == "Installation interrupted; run the same command again."
