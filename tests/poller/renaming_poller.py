"""``renaming_poller.py ROOT WHERE``: one tick, in which the results' folder is renamed.

It is renamed when the campaign's function WHERE is called: `wanted` (then its fits are prepared),
`collect` (an object's product), `show` (a night's page) or `show_all` (the index).
"""

import sys
from pathlib import Path

from nmma_fitter.config import load_config
from nmma_fitter.fits_campaign import FitsCampaign
from nmma_fitter.make_jobs import Order, Poller

root, where = Path(sys.argv[1]).resolve(), sys.argv[2]
config = load_config(root / "my.toml")


class Renaming(FitsCampaign):
    """Fits whose results' folder is moved away, once, by somebody else."""

    def __getattribute__(self, name):
        if name == where and config.paths.outdir.exists():
            config.paths.outdir.rename(root / "moved")
            if "bare" in sys.argv:
                config.paths.outdir.mkdir()
            if "read" in sys.argv:
                (config.paths.outdir / "a sentinel").read_text()
        return super().__getattribute__(name)


Poller(config, Order(), campaign=Renaming(config)).tick()
