"""Install packages into the environment of the Python that runs this: by uv, otherwise by pip.

    .venv/bin/python scripts/install.py WHAT ARGUMENTS...

WHAT is told to the person who waits. ARGUMENTS are those of ``pip install``, of which uv takes the
same: the same requirements, constraints and index give the same versions either way. uv is the
environment's own, one on the PATH, or fetched by pip. It does not read pip's configuration (index,
certificate, constraints, ...), so this hands it over. Where uv cannot be had, cannot follow that
configuration, or fails, pip installs, and one line says why.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
SECONDS = 3600.0
# Settings of pip that are an option of uv's too, each with as many values as there are words.
OPTIONS = ("index-url", "extra-index-url", "find-links", "constraint", "trusted-host")
RENAMED = {"trusted-host": "allow-insecure-host"}
# Settings of pip that uv takes from its environment.
VARIABLES = {
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
}
# Settings of pip that change nothing in what is installed into a virtual environment.
HARMLESS = (
    *("disable-pip-version-check", "no-input", "quiet", "verbose", "progress-bar", "no-color"),
    *("retries", "cache-dir", "no-cache-dir", "require-virtualenv", "break-system-packages"),
    *(
        "no-warn-script-location",
        "root-user-action",
        "log",
        "config-file",
        "no-python-version-warning",
    ),
)


class NotByUv(Exception):
    """Why uv does not install; its text completes "uv cannot be used: "."""


def main() -> int:
    """Install; return pip's exit status, 0 where uv has done it."""
    what, *arguments = sys.argv[1:]
    began = time.monotonic()
    print(f"Installing {what} in {os.path.relpath(sys.prefix)} ...", flush=True)
    status, tool = 0, "uv"
    try:
        uv = found_uv() or fetched_uv(arguments)
        options, environment = handed_over(pip_settings())
        install_by_uv(uv, [*options, *arguments], environment)
    except NotByUv as reason:
        print(f"uv cannot be used: {reason}. pip takes minutes where uv takes seconds ...")
        sys.stdout.flush()
        command = [*PIP, "install", "--quiet", *arguments]
        status, tool = subprocess.run(command, check=False, timeout=SECONDS).returncode, "pip"
    if status == 0:
        print(f"Installed by {tool} in {time.monotonic() - began:.0f} s.", flush=True)
    return status


def found_uv() -> str | None:
    """An uv that starts; a version manager's stand-in may refuse to."""
    beside = str(Path(sys.executable).parent)
    for path in (beside, os.environ.get("PATH", "")):
        uv = shutil.which("uv", path=path)
        if uv and run([uv, "--version"]).returncode == 0:
            return uv
    return None


def fetched_uv(arguments: Sequence[str]) -> str:
    """The uv that pip installs, in the version of the constraints among the arguments."""
    constraints = [
        word
        for option, value in pairwise(arguments)
        if option == "--constraint"
        for word in (option, value)
    ]
    done = run([*PIP, "install", "--quiet", *constraints, "uv"])
    uv = found_uv() if done.returncode == 0 else None
    if uv is None:
        raise NotByUv(f"pip could not install it ({last_line(done.stderr)})")
    return uv


def pip_settings() -> dict[str, str]:
    """What pip is set to by its files and its environment variables, for ``pip install``."""
    done = run([*PIP, "config", "list"])
    if done.returncode != 0:
        raise NotByUv(f"pip does not say how it is configured ({last_line(done.stderr)})")
    settings: dict[str, str] = {}
    for section in ("global", "install", ":env:"):  # the last one counts
        for line in done.stdout.splitlines():
            key, _, value = line.partition("=")
            if key.startswith(f"{section}."):
                settings[key.removeprefix(f"{section}.")] = str(ast.literal_eval(value))
    return settings


def handed_over(settings: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Options and environment variables by which uv does as pip would."""
    options, variables = ["--index-strategy", "unsafe-best-match"], {}
    for name, value in settings.items():
        if name in OPTIONS:
            option = f"--{RENAMED.get(name, name)}"
            options += [word for one in value.split() for word in (option, one)]
        elif name in VARIABLES:
            variables[VARIABLES[name]] = value
        elif name == "no-index":
            options += ["--no-index"] * (value.lower() in ("1", "true", "yes", "on"))
        elif name not in HARMLESS:
            raise NotByUv(f"pip's setting {name} ({value}) has no equivalent there")
    return options, variables


def install_by_uv(uv: str, words: Sequence[str], variables: Mapping[str, str]) -> None:
    """Run ``uv pip install`` as pip would have; raise `NotByUv` with its first words."""
    # As pip does: the system's certificates, and no other Python than this one. Not as pip does,
    # nothing is compiled that is never imported, which takes longer than all the rest.
    as_pip = {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1", "UV_PYTHON_DOWNLOADS": "never"}
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    given = {"SSL_CERT_FILE": bundle} if bundle else {}
    command = [uv, "pip", "install", "--quiet", "--python", sys.executable]
    done = run([*command, *words], {**given, **os.environ, **as_pip, **variables})
    if done.returncode != 0:
        said = " ".join(line.strip(" ×╰─▶│") for line in done.stderr.splitlines()[:3])
        raise NotByUv(f"it says: {said[:300].rstrip(' .')}" if said else "it ends without a word")


def run(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; one that cannot start or does not end has failed."""
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
            env=None if environment is None else dict(environment),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))


def last_line(text: str) -> str:
    """The last line that says something: pip's reason."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no reason")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nInstallation interrupted; run the same command again.", file=sys.stderr)
        sys.exit(130)
