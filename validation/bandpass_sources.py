"""Where the shipped transmission curve of each band comes from (see ``bandpasses.py``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np


class Source(NamedTuple):
    """A band's curve.

    Attributes
    ----------
    band, label : str
        Canonical name (sncosmo's where it has one), and the name in pictures.
    package : str
        Key of `PACKAGES`, or ``edges``: a shape made here from published wavelengths.
    item : str
        File below the package's folder of curves; for ``edges`` the wavelengths (Å) at which the
        transmission is 0, 1, 1, 0, or 1, 1 for a top hat.
    note : str
        The paper or page behind numbers of ``edges``, or what is done to the curve.
    window : pair of float
        Wavelengths (Å) outside which the curve is cut off.
    efficiency : bool
        Whether the file has the filter alone, to be multiplied by `UVIS_EFFICIENCY`.
    """

    band: str
    label: str
    package: str
    item: str
    note: str = ""
    window: tuple[float, float] = (0.0, np.inf)
    efficiency: bool = False


PACKAGES = {
    "sncosmo": ("2.13.1", "sncosmo/data/bandpasses", "BSD-3-Clause"),
    "speclite": ("1.0.0", "speclite/data/filters", "BSD-3-Clause"),
    "pyphot": ("2.1.1", "pyphot/libs/ascii_sources", "MIT"),
    "astro-sedpy": ("0.4.1", "sedpy/data/filters", "MIT"),
    "snpy": ("2.7.4", "snpy/filters/filters", "MIT"),
    "bayesn": ("0.4.0", "bayesn/bayesn-filters/filters", "MIT"),
    "jax-bandflux": ("1.0.0", "jax_supernovae/sncosmo-modelfiles/bandpasses", "MIT"),
}
"""Distribution name to its version, folder of curves and licence."""

# WFC3 UVIS2 with telescope, over the filter alone: bayesn's curves over pyphot's, at ten filters.
UVIS_EFFICIENCY = np.array(
    [
        *[(2050, 0.184), (2150, 0.231), (2240, 0.293), (2330, 0.333), (2420, 0.347)],
        *[(2500, 0.327), (2570, 0.300), (2640, 0.270), (2710, 0.245), (2880, 0.250)],
        *[(3000, 0.277), (3280, 0.276), (3460, 0.260), (3610, 0.235), (3770, 0.238)],
        *[(3930, 0.258), (4100, 0.272), (4320, 0.282), (4650, 0.292), (5000, 0.298)],
        *[(5500, 0.296), (6000, 0.289), (6530, 0.290), (6790, 0.274), (7070, 0.253)],
        *[(7490, 0.218), (7910, 0.175), (8330, 0.141), (8750, 0.115), (9170, 0.088)],
        *[(9590, 0.056), (11000, 0.0)],
    ]
)


def sources() -> Iterator[Source]:
    """Every band, by system."""
    yield from _surveys()
    yield from _johnson()
    yield from _carnegie()
    yield from _satellites()
    yield from _hubble()
    yield from _webb()


def _surveys() -> Iterator[Source]:
    for x in "gri":
        yield Source(f"ztf{x}", f"ZTF {x}", "bayesn", f"ZTF/p48{x}.txt")
    for x in "ugriz":
        note = "0 from 4160 to 7500 Å, where the source has no rows" if x == "u" else ""
        yield Source(f"sdss{x}", f"SDSS {x}", "speclite", f"sdss2010-{x}.ecsv", note)
    for x in "grizyw":
        yield Source(f"ps1::{x}", f"PS1 {x}", "pyphot", f"PS1_{x}.csv")
    yield Source("ps1::open", "PS1 open", "snpy", "HHAOS/PS1/ps1_open.dat")
    for x in "ugrizy":
        yield Source(f"lsst{x}", f"LSST {x}", "speclite", f"lsst2016-{x}.ecsv")
    yield Source("desu", "DES u", "astro-sedpy", "decam_u.par")
    for x in "griz":
        yield Source(f"des{x}", f"DES {x}", "snpy", f"CTIO/DECAM/DECam_{x}.dat")
    yield Source("desy", "DES y", "speclite", "decamDR1-Y.ecsv")
    yield Source("atlasc", "ATLAS c", "jax-bandflux", "atlas/Atlas.Cyan")
    yield Source("atlaso", "ATLAS o", "jax-bandflux", "atlas/Atlas.Orange")
    baader = "Baader LRGB set (Steeghs et al. 2022, MNRAS 511, 2405)"
    for x, edges in {
        "l": "4000 4400 6850 7000",
        "b": "3850 3950 5000 5100",
        "g": "4850 4950 5700 5800",
        "r": "5800 5900 6800 6900",
    }.items():
        yield Source(f"goto{x}", f"GOTO {x.upper()}", "edges", edges, baader)
    for x in "uvgriz":
        yield Source(f"skymapper{x}", f"SkyMapper {x}", "pyphot", f"hd5:SkyMapper_{x}")
    for x in ("g", "r", "r2", "i", "i2", "z", "y"):
        yield Source(f"hsc::{x}", f"HSC {x}", "speclite", f"hsc2017-{x}.ecsv")
    for x, package, item in (
        ("u", "speclite", "cfht_megacam-ustar.ecsv"),
        ("g", "pyphot", "cfht_megaprime_cfh9401.csv"),
        ("r", "pyphot", "cfht_megaprime_cfh9601.csv"),
        ("i", "astro-sedpy", "cfht_megacam_is_9701.par"),
        ("y", "pyphot", "cfht_megaprime_cfh9702.csv"),
        ("z", "astro-sedpy", "cfht_megacam_zs_9801.par"),
    ):
        yield Source(f"megacampsf::{x}", f"MegaCam {'i2' if x == 'y' else x}", package, item)


def _johnson() -> Iterator[Source]:
    for x in ("ux", "b", "v", "r", "i"):
        label = "U" if x == "ux" else x.upper()
        yield Source(f"bessell{x}", label, "sncosmo", f"bessell/bessell_{x}.dat", "T = R / λ")
    for x in "ubvri":
        item = f"standard/stritzinger/{x}_stritzinger"
        yield Source(f"standard::{x}", f"Landolt {x.upper()}", "snpy", item)
    for x in ("J", "H", "Ks"):
        yield Source(f"2mass{x.lower()}", x, "snpy", f"CTIO/2MASS/{x}_2mass.dat")
    harvard = "FLWO/1.2meter"
    u_band = "standard/stritzinger/u_stritzinger"
    for camera, name in (("keplercam", "KeplerCam"), ("4shooter2", "4Shooter")):
        yield Source(f"{camera}::us", f"{name} U", "snpy", u_band, "magnitudes are Landolt's")
    for x in "bv":
        item = f"{harvard}/{x.upper()}_keplercam.dat"
        yield Source(f"keplercam::{x}", f"KeplerCam {x.upper()}", "snpy", item)
    for x in "ri":
        item = f"{harvard}/{x}prime_keplercam.dat"
        yield Source(f"keplercam::{x}", f"KeplerCam {x}", "snpy", item)
    for x in "bvri":
        item = f"{harvard}/{x.upper()}_4sh_harris.dat"
        yield Source(f"4shooter2::{x}", f"4Shooter {x.upper()}", "snpy", item)


def _carnegie() -> Iterator[Source]:
    swope = {
        "b": "B_tel_ccd_atm_ext_1.2.dat",
        "v3009": "V_LC3009_tel_ccd_atm_ext_1.2.dat",
        "v3014": "V_LC3014_tel_ccd_atm_ext_1.2.dat",
        "v9844": "V_tel_ccd_atm_ext_1.2.dat",
        "k": "kfilter",
    }
    swope |= {x: f"{x}_tel_ccd_atm_ext_1.2.dat" for x in "ugri"}
    for x, file in swope.items():
        label = x if x in "ugri" else x.upper()
        yield Source(f"csp{x}", f"CSP {label}", "snpy", f"LCO/Swope/{file}")
    for x in "yjh":
        label = f"CSP {x.upper()}"
        item = f"{x.upper()}_{{}}_TAM_scan_atm.dat"
        yield Source(f"csp{x}s", f"{label} (Swope)", "snpy", f"LCO/Swope/{item.format('SWO')}")
        yield Source(f"csp{x}d", f"{label} (du Pont)", "snpy", f"LCO/Dupont/{item.format('DUP')}")


def _satellites() -> Iterator[Source]:
    uvot = {"b": "B_UVOT", "u": "U_UVOT", "v": "V_UVOT", "uvm2": "UVM2"}
    for x, name in (uvot | {"uvw1": "UVW1", "uvw2": "UVW2"}).items():
        item = f"Swift/UVOT/photon{name}.dat"
        yield Source(f"uvot::{x}", f"UVOT {x.upper()}", "snpy", item)
    roming = "1600 to 8000 Å (Roming et al. 2005, SSRv 120, 95)"
    yield Source("uvot::white", "UVOT white", "edges", "1600 2000 3000 7000", roming)
    for x in ("g", "bp", "rp"):
        band = "gaia::g" if x == "g" else f"gaia::g{x}"
        yield Source(band, f"Gaia {x.upper()}", "speclite", f"gaiadr3-{x.upper()}.ecsv")
    yield Source("gaia::grvs", "Gaia RVS", "pyphot", "gaia_rvs.csv")
    yield Source("tess", "TESS", "pyphot", "tess.csv")
    yield Source("kepler", "Kepler", "pyphot", "kepler_kp.csv")
    for x in ("fuv", "nuv"):
        yield Source(f"galex::{x}", f"GALEX {x.upper()}", "speclite", f"galex-{x}.ecsv")
    for x in ("W1", "W2", "W3", "W4"):
        item = f"wise2010-{x}.ecsv"
        yield Source(f"wise::{x.lower()}", f"WISE {x}", "speclite", item)
    for x in ("VIS", "Y", "J", "H"):
        yield Source(f"euclid{x.lower()}", f"Euclid {x}", "speclite", f"Euclid-{x}.ecsv")
    for x in ("062", "087", "106", "129", "146", "158", "184", "213"):
        yield Source(f"f{x}", f"Roman F{x}", "astro-sedpy", f"roman_wfi_f{x}.par")
    ultrasat = "2300 to 2900 Å (Shvartzvald et al. 2024, ApJ 964, 74)"
    yield Source("ultrasat", "ULTRASAT", "edges", "2250 2350 2850 2950", ultrasat)


def _hubble() -> Iterator[Source]:
    for x in ("435w", "475w", "555w", "606w", "625w", "775w", "814w", "850lp"):
        yield Source(f"f{x}", f"ACS F{x.upper()}", "pyphot", f"hst_acs_wfc_f{x}.csv")
    for x in ["475w", "555w", "606w", "625w", "775w", "814w", "850lp"]:
        yield _uvis(f"uvf{x}", x)
    for x in [
        "218w",
        "225w",
        "275w",
        "300x",
        "336w",
        "350lp",
        "390w",
        "438w",
        "689m",
        "763m",
        "845m",
    ]:
        yield _uvis(f"f{x}", x)
    for x in ["098m", "105w", "110w", "125w", "140w", "160w"]:
        yield Source(f"f{x}", f"WFC3 F{x.upper()}", "astro-sedpy", f"wfc3_ir_f{x}.par")
    for x, window in {
        "127m": (12100.0, 13400.0),
        "139m": (13100.0, 14600.0),
        "153m": (14500.0, 16200.0),
    }.items():
        note = f"the filter alone, from {window[0]:.0f} to {window[1]:.0f} Å"
        item = f"hst_wfc3_f{x}.csv"
        yield Source(f"f{x}", f"WFC3 F{x.upper()}", "pyphot", item, note, window)
    for x in ("110w", "160w"):
        yield Source(f"nicf{x}", f"NICMOS F{x.upper()}", "pyphot", f"hst_nic2_f{x}.csv")


def _uvis(band: str, name: str) -> Source:
    label = f"UVIS F{name.upper()}"
    if name in ["225w", "275w", "300x", "336w", "390w", "438w", "475w", "555w", "625w", "814w"]:
        return Source(band, label, "bayesn", f"HST/WFC3/UVIS2/F{name.upper()}.dat")
    if name == "606w":
        return Source(band, label, "astro-sedpy", "wfc3_uvis_f606w.par")
    note = "filter times the efficiency that other UVIS bands have"
    item = f"hst_wfc3_f{name}.csv"
    return Source(band, label, "pyphot", item, note, efficiency=True)


def _webb() -> Iterator[Source]:
    near = "070w 090w 115w 150w 200w 277w 356w 444w 140m 162m 182m 210m 250m 300m 335m 360m"
    for x in f"{near} 410m 430m 460m 480m".split():
        yield Source(f"f{x}", f"NIRCam F{x.upper()}", "pyphot", f"jwst_nircam_f{x}.csv")
    for x in ["560w", "770w", "1000w", "1130w", "1280w", "1500w", "1800w", "2100w", "2550w"]:
        yield Source(f"f{x}", f"MIRI F{x.upper()}", "astro-sedpy", f"jwst_f{x}.par")
    hat = "centre and width of the MIRI filter table (STScI)"
    for x, (centre, width) in {
        "1065c": (10.65, 0.53),
        "1140c": (11.4, 0.57),
        "1550c": (15.5, 0.78),
        "2300c": (23.0, 4.6),
    }.items():
        edges = f"{1e4 * (centre - width / 2):.0f} {1e4 * (centre + width / 2):.0f}"
        yield Source(f"f{x}", f"MIRI F{x.upper()}", "edges", edges, hat)
