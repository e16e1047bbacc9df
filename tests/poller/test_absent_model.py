"""A model whose data come while a poller lives is taken up, in nights closed without it too."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

MAKE_JOBS = str(Path(sys.executable).with_name("make-jobs"))
A, B = "2459778-2459785", "2459779-2459786"
CONFIG = """
[tick]
unattended_interval = 0.5
grace = 5
[scheduler]
slots = 2
[fits]
models = ["nugent-hyper"]
[fits.settings]
nlive = 50
n_effective = 100
[fits.model.nugent-hyper.settings.model_options]
photometry = "monochromatic"
"""
ROWS = ["2459780.7,19.0,0.1,g,20.5", "2459783.7,18.5,0.1,r,20.5", "2459786.7,18.1,0.1,g,20.5"]


def light_curve(root: Path, night: str, name: str, shift: float) -> None:
    folder = root / "candidates" / night
    folder.mkdir(parents=True)
    rows = [row.replace("2459780.7", f"{2459780.7 + shift:.3f}") for row in ROWS]
    text = "jd,mag,mag_unc,filter,limmag\n" + "\n".join(rows) + "\n"
    (folder / f"lc_{name}_forced1_stacked0.csv").write_text(text)


def write_template(data: Path) -> None:
    """A made-up spectral series, and the band of its peak, in the files that sncosmo reads."""
    phases, waves = np.meshgrid(np.arange(0, 81, 2), np.arange(1000, 25001, 200), indexing="ij")
    flux = np.exp(-(((phases - 15) / 12) ** 2) - ((waves - 5000) / 3000) ** 2)
    (data / "bandpasses" / "sdss").mkdir(parents=True)
    band = "3000 0\n3200 1\n3800 1\n4000 0\n"
    (data / "bandpasses" / "sdss" / "sdss_u.dat").write_text(band)
    (data / "models" / "nugent").mkdir(parents=True)
    series = np.column_stack([phases.ravel(), waves.ravel(), flux.ravel()])
    np.savetxt(data / "models" / "nugent" / "hyper_flux.v1.2.dat", series, fmt="%.6e")


def closed(root: Path, night: str) -> tuple[int, str]:
    """Revision of a night's sentinel, 0 without one, and how its one fit stands."""
    try:
        fin = json.loads((root / "outdir" / night / f"{night}.fin").read_text())
    except FileNotFoundError:
        return 0, ""
    (unit,) = fin["units"]
    return fin["revision"], unit["state"]


def until(so: Callable[[], bool], poller: subprocess.Popen[str], seconds: float = 240.0) -> None:
    end = time.monotonic() + seconds
    while not so():
        assert poller.poll() is None and time.monotonic() < end
        time.sleep(0.1)


def test_what_was_skipped_for_want_of_data_is_fitted_when_they_have_come(tmp_path):
    (tmp_path / "my.toml").write_text(CONFIG)
    proxy = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    env = {**os.environ, **proxy, "SNCOSMO_DATA_DIR": str(tmp_path / "data")}
    env.pop("no_proxy", None)
    light_curve(tmp_path, A, "ZTF1", 0.0)
    command = [MAKE_JOBS, "--config", str(tmp_path / "my.toml"), "--keep-going"]
    poller = subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        until(lambda: closed(tmp_path, A) == (1, "skipped"), poller)
        light_curve(tmp_path, B, "ZTF2", 0.1)
        until(lambda: closed(tmp_path, B) == (1, "skipped"), poller)
        write_template(tmp_path / "data")
        until(lambda: closed(tmp_path, A) == closed(tmp_path, B) == (2, "done"), poller)
    finally:
        poller.send_signal(signal.SIGTERM)
        said, _ = poller.communicate(timeout=60)
    assert poller.returncode == 0, said
