"""Static pages beside the results: nights, their objects, and the models of each.

They need no server and no network: links are relative, and scripts, style and the chart library
lie in ``<outdir>/assets``. Without JavaScript the pages show pictures and plain tables.
"""

from nmma_fitter.delivery.report.assets import write_assets
from nmma_fitter.delivery.report.history import Refit, refits
from nmma_fitter.delivery.report.index_page import write_index
from nmma_fitter.delivery.report.night_page import write_night_page
from nmma_fitter.delivery.report.object_page import write_object_page

__all__ = [
    "Refit",
    "refits",
    "write_assets",
    "write_index",
    "write_night_page",
    "write_object_page",
]
