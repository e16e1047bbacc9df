"""Runs a command as an ordinary user when it is root who asks, with a Python that user can reach.

``python tests/clusters/ordinary_user.py python ARGUMENT...``: HTCondor runs no job of root's, so
that pool, poller and jobs are somebody else's (``nobody``'s). What that user cannot read, such as
an interpreter below root's home, is copied to a folder that goes away with the command. An ordinary
user's command is run as it is.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

USER = "nobody"
REPOSITORY = Path(__file__).parents[2]
LEFT_OUT = ("site-packages", "test", "idlelib", "ensurepip", "__pycache__")
KEPT = ("TERM", "CI", "LANG", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "SNCOSMO_DATA_DIR")
KEPT_PREFIX = "NMMA_FITTER_TEST_"


@dataclass(frozen=True)
class OrdinaryUser:
    """Somebody who is not root.

    Attributes
    ----------
    python : str
        An interpreter with this project and what it needs.
    environment : dict
        All that a process of that user gets.
    folder : Path
        Belongs to that user, and goes away.
    repository : Path
        The project, where that user can read it.
    """

    python: str
    environment: dict[str, str]
    folder: Path
    repository: Path

    def start(self, *arguments: str, **options: object) -> subprocess.Popen[bytes]:
        """Start the interpreter in the repository with these arguments."""
        entry = pwd.getpwnam(USER)
        who = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": ()}
        return subprocess.Popen(
            [self.python, *arguments], env=self.environment, cwd=self.repository,
            **who, **options,
        )  # type: ignore[call-overload,no-any-return]  # fmt: skip


@contextmanager
def ordinary_user() -> Iterator[OrdinaryUser]:
    """An ordinary user, for as long as the block lasts; only root can ask for one."""
    place = Path(tempfile.mkdtemp(prefix="ordinary-"))
    try:
        place.chmod(0o755)
        own = place / "own"
        own.mkdir()
        os.chown(own, pwd.getpwnam(USER).pw_uid, pwd.getpwnam(USER).pw_gid)
        repository = _reachable(REPOSITORY, place / "repository", ".venv", ".git")
        python = _interpreter(place / "python", place / "packages", repository)
        kept = {k: v for k, v in os.environ.items() if k in KEPT or k.startswith(KEPT_PREFIX)}
        path = f"{Path(python).parent}:/usr/sbin:/usr/bin:/sbin:/bin"
        mine = {"HOME": str(own), "TMPDIR": str(own), "PATH": path, "USER": USER, "LOGNAME": USER}
        environment = {**kept, **mine, "PYTHONDONTWRITEBYTECODE": "1"}
        yield OrdinaryUser(python, environment, own, repository)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _is_reachable(path: Path) -> bool:
    """Whether others may read a folder, and come to it."""
    return bool(path.stat().st_mode & 0o004) and all(
        parent.stat().st_mode & 0o001 for parent in (path, *path.parents)
    )


def _reachable(path: Path, copy: Path, *left_out: str) -> Path:
    """A folder that others can read: itself, or a copy."""
    if _is_reachable(path):
        return path
    shutil.copytree(path, copy, symlinks=True, ignore=shutil.ignore_patterns(*left_out))
    return copy


def _interpreter(place: Path, packages: Path, repository: Path) -> str:
    """A copy of this interpreter that sees this one's packages, and the project first."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base = Path(sys.base_prefix)
    (place / "bin").mkdir(parents=True)
    shutil.copy(Path(sys.executable).resolve(), place / "bin" / name)
    ignore = shutil.ignore_patterns(*LEFT_OUT)
    shutil.copytree(base / "lib" / name, place / "lib" / name, ignore=ignore, symlinks=True)
    for library in (base / "lib").glob("libpython*.so*"):
        shutil.copy(library, place / "lib")
    rpath = ["patchelf", "--set-rpath", "$ORIGIN/../lib", str(place / "bin" / name)]
    subprocess.run(rpath, check=True, timeout=600)
    (place / "bin" / "python").symlink_to(name)
    site = _reachable(Path(sysconfig.get_path("purelib")), packages, "__pycache__")
    own = place / "lib" / name / "site-packages"
    own.mkdir()
    (own / "project.pth").write_text(f"{repository}\n{site}\n")
    return str(place / "bin" / name)


def main(words: Sequence[str]) -> int:
    """Run a command whose first word is ``python``; its status."""
    if not words or words[0] != "python":
        sys.exit(f"usage: {Path(__file__).name} python ARGUMENT...")
    if os.geteuid() != 0:
        return subprocess.call([sys.executable, *words[1:]])
    with ordinary_user() as user:
        process = user.start(*words[1:])
        try:
            return process.wait()
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
