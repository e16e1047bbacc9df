"""Figures: what they show, and that hostile or degenerate input still gives a whole file."""

from __future__ import annotations

import struct
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from nmma_fitter.bands import BANDS
from nmma_fitter.candidates.lightcurve import LightCurve, from_columns
from nmma_fitter.delivery import plots
from nmma_fitter.delivery.palette import OTHER_BAND, band_order, band_style
from nmma_fitter.delivery.plots.comparison import line_style
from nmma_fitter.delivery.plots.one_frame import fill_styles
from nmma_fitter.delivery.plots.panels import grid_shape
from nmma_fitter.delivery.plots.posterior import TRUTH_COLOUR, quantile_text
from nmma_fitter.delivery.plots.style import figure_style, write_png
from nmma_fitter.delivery.plots.text import checked_label, evidence_text
from nmma_fitter.delivery.ranges import magnitude_range
from nmma_fitter.delivery.report.parameters import parameter_rows
from nmma_fitter.errors import BadInput
from nmma_fitter.labels import band_label

TRIGGER = 59785.3
HOSTILE = [
    "cost $5",
    r"$\frac{",
    "a_b^c%d{}",
    r"\textbf{x}",
    "two\nlines\tand\x00nul\x1b[31m",
    "W" * 5000,
    "星 \ud800 \u202e rtl",
    "",
]


def light_curve(bands: str = "gr", n: int = 6, limits: str = "some") -> LightCurve:
    band = np.array([f"ztf{b}" for b in bands for _ in range(n)], dtype=str)
    mjd = TRIGGER + np.tile(np.arange(n, dtype=float), len(bands))
    detected = {
        "some": np.tile(np.arange(n) > 0, len(bands)),
        "all": np.zeros(len(mjd), bool),
        "none": np.ones(len(mjd), bool),
    }[limits]
    mag = 18 + 0.4 * (mjd - TRIGGER)
    return from_columns(
        "x",
        mjd=mjd,
        band=band,
        mag=np.where(detected, mag, np.nan),
        mag_err=np.where(detected, 0.1, np.nan),
        limit=np.where(detected, np.nan, 20.5),
        multiplicity=np.ones(len(mjd), np.int64),
    )


def curves(bands: str = "gr", fill: float | None = None) -> list[plots.BandCurves]:
    days = np.linspace(-2, 10, 50)
    mag = np.where(days > -1, 18 + 0.4 * days, np.inf) if fill is None else np.full(50, fill)
    return [plots.BandCurves(f"ztf{b}", days, mag, mag - 0.2, mag + 0.2, mag) for b in bands]


def lightcurve_arguments(**changes: Any) -> dict[str, Any]:
    return {
        "object_name": "ZTF22aawacjw",
        "title": "Me2017, kilonova",
        "log_evidence": -34.2,
        "log_evidence_err": 0.1,
        "lightcurve": light_curve(),
        "trigger_mjd": TRIGGER,
        "sys_error": 0.1,
        "curves": curves(),
        "outside_share": 0.0,
        "valid_until_days": None,
        "notes": (),
    } | changes


def corner_arguments(samples: np.ndarray, **changes: Any) -> dict[str, Any]:
    count = samples.shape[1]
    return {
        "object_name": "ZTF22aawacjw",
        "title": "Me2017, kilonova",
        "samples": samples,
        "labels": [rf"$\log_{{10}} x_{{{i}}}\ [M_\odot]$" for i in range(count)],
        "names": [f"log10_x{i}" for i in range(count)],
        "log_evidence": -34.2,
        "log_evidence_err": 0.1,
        "ranges": [(-50.0, 50.0)] * count,
    } | changes


def normal(rows: int, columns: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=(rows, columns))


def png_size(path: Path) -> tuple[int, int]:
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert content.endswith(b"IEND\xaeB`\x82")
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def panels_of(figure: Figure, label: str = "panel") -> list[Axes]:
    """Panels of the bands, or those of their residuals."""
    return [ax for ax in figure.axes if ax.get_label() == label]


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))


@pytest.fixture(autouse=True)
def no_warnings() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_lightcurves_png_is_8_inches_wide_and_has_room_for_residuals(tmp_path: Path) -> None:
    plots.plot_lightcurves(tmp_path / "a.png", **lightcurve_arguments())
    plots.plot_lightcurves(tmp_path / "b.png", **lightcurve_arguments(curves=[]))
    assert png_size(tmp_path / "a.png") == (1200, 984)
    assert png_size(tmp_path / "b.png") == (1200, 750)


def test_same_input_gives_same_bytes(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        plots.plot_lightcurves(tmp_path / name, **lightcurve_arguments())
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_users_matplotlib_settings_change_nothing(tmp_path: Path) -> None:
    plots.plot_lightcurves(tmp_path / "a.png", **lightcurve_arguments())
    with matplotlib.rc_context({"font.size": 30, "text.usetex": True, "savefig.bbox": "tight"}):
        plots.plot_lightcurves(tmp_path / "b.png", **lightcurve_arguments())
        assert matplotlib.rcParams["font.size"] == 30
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_png_names_no_software_or_time(tmp_path: Path) -> None:
    plots.plot_corner(tmp_path / "a.png", **corner_arguments(normal(300, 2)))
    content = (tmp_path / "a.png").read_bytes()
    assert not any(chunk in content for chunk in (b"tEXt", b"iTXt", b"tIME", b"Software"))


def test_corner_same_input_gives_same_bytes(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        plots.plot_corner(tmp_path / name, **corner_arguments(normal(300, 3)))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_only_the_file_asked_for_is_left(tmp_path: Path) -> None:
    plots.plot_lightcurves(tmp_path / "a.png", **lightcurve_arguments())
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_no_file_is_left_when_drawing_fails(tmp_path: Path) -> None:
    figure = Figure()
    figure.text(0.5, 0.5, r"$\frac{$")
    with pytest.raises(ValueError, match="frac"):
        write_png(tmp_path / "a.png", figure)
    assert list(tmp_path.iterdir()) == []


def test_an_older_file_survives_when_putting_the_new_one_fails(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    with pytest.raises(OSError):
        plots.plot_lightcurves(tmp_path / "a.png", **lightcurve_arguments())
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_keeps_the_page(tmp_path: Path, name: str) -> None:
    changes = {"object_name": name, "title": name, "notes": [name]}
    plots.plot_lightcurves(tmp_path / "a.png", **lightcurve_arguments(**changes))
    width, height = png_size(tmp_path / "a.png")
    assert (width, 750 <= height <= 1100) == (1200, True)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_in_corner_and_comparison(tmp_path: Path, name: str) -> None:
    changes = {"object_name": name, "title": name, "labels": [name], "names": [name]}
    plots.plot_corner(tmp_path / "a.png", **corner_arguments(normal(300, 1), **changes))
    models = [plots.ModelCurves(name, -1.0, curves())]
    plots.plot_comparison(tmp_path / "b.png", name, light_curve(), TRIGGER, models)
    assert png_size(tmp_path / "b.png") == (1200, 750)


def test_no_text_leaves_the_page() -> None:
    changes = {"object_name": "W" * 300, "notes": ["m" * 500], "outside_share": 0.2}
    figure = plots.lightcurve_figure(**lightcurve_arguments(**changes))
    page = figure.bbox
    for text in figure.texts:
        box = text.get_window_extent()
        assert box.x0 >= page.x0 and box.x1 <= page.x1
        assert box.y0 >= page.y0 and box.y1 <= page.y1


def test_page_texts_and_legend_do_not_overlap() -> None:
    changes = {"valid_until_days": 3.0, "outside_share": 0.5, "notes": ["n " * 200]}
    figure = plots.lightcurve_figure(**lightcurve_arguments(**changes))
    boxes = [t.get_window_extent() for t in figure.texts if t.get_text()]
    boxes += [legend.get_window_extent() for legend in figure.legends]
    boxes += [ax.get_window_extent() for ax in figure.axes]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])


def test_the_longest_legend_stays_on_the_page() -> None:
    changes = {"valid_until_days": 3.0, "outside_share": 0.5}
    with figure_style():
        figure = plots.lightcurve_figure(**lightcurve_arguments(**changes))
        figure.draw_without_rendering()
        (legend,) = figure.legends
        box = legend.get_window_extent()
    assert box.x0 >= figure.bbox.x0 and box.x1 <= figure.bbox.x1


def test_bright_is_up_in_every_panel() -> None:
    figure = plots.lightcurve_figure(**lightcurve_arguments())
    assert all(ax.yaxis_inverted() for ax in figure.axes)


def test_title_names_object_model_and_evidence() -> None:
    shown = words(plots.lightcurve_figure(**lightcurve_arguments()))
    assert "ZTF22aawacjw" in shown
    assert "Me2017, kilonova, ln Z = −34.20 ± 0.10" in shown
    assert "Days since 2022-07-25 07:12 UTC (MJD 59785.3000)" in shown


def test_one_panel_per_band_bluest_first() -> None:
    bands = light_curve("rgi", n=2)
    figure = plots.lightcurve_figure(**lightcurve_arguments(lightcurve=bands, curves=[]))
    assert [ax.get_title(loc="left") for ax in panels_of(figure)] == ["ZTF g", "ZTF r", "ZTF i"]


@pytest.mark.parametrize("fill", [np.inf, np.nan, -np.inf])
def test_curves_without_flux_leave_the_axis_to_the_data(fill: float) -> None:
    without = plots.lightcurve_figure(**lightcurve_arguments(curves=[]))
    figure = plots.lightcurve_figure(**lightcurve_arguments(curves=curves(fill=fill)))
    assert figure.axes[0].get_ylim() == without.axes[0].get_ylim()


def longest_line(ax: Axes) -> np.ndarray:
    """Magnitudes of the first line of a model's curve in a panel."""
    line = max(ax.lines, key=lambda entry: len(entry.get_xdata()))
    return np.asarray(line.get_ydata(), float)


def test_a_curve_comes_up_from_below_the_panel_instead_of_beginning_in_mid_air() -> None:
    for figure in (
        plots.lightcurve_figure(**lightcurve_arguments()),
        plots.comparison_figure(
            "x", light_curve(), TRIGGER, [plots.ModelCurves("a", -1.0, curves())]
        ),
    ):
        for ax in panels_of(figure):
            values = longest_line(ax)
            dark = np.linspace(-2, 10, 50) <= -1
            assert np.isfinite(values).all()
            assert (values[dark] > ax.get_ylim()[0]).all()  # fainter than the panel's lower edge


def test_a_curve_far_from_the_data_does_not_flatten_them() -> None:
    faint, bright = magnitude_range(light_curve(), [np.array([5.0, 19.0, 60.0])])
    assert 16.5 < bright < 18.5 and 20 < faint < 23


@pytest.mark.parametrize("limits", ["all", "none"])
def test_light_curves_of_one_kind_are_drawn(tmp_path: Path, limits: str) -> None:
    data = light_curve(limits=limits)
    plots.plot_lightcurves(tmp_path / "a.png", **lightcurve_arguments(lightcurve=data))
    assert png_size(tmp_path / "a.png") == (1200, 750 if limits == "all" else 984)


def test_legend_names_only_what_is_there() -> None:
    data = light_curve(limits="none")
    shown = words(plots.lightcurve_figure(**lightcurve_arguments(lightcurve=data, sys_error=0.0)))
    assert "upper limit" not in shown and "with systematic error" not in shown


def test_one_detection_gets_a_readable_axis() -> None:
    data = light_curve("g", n=1, limits="none")
    figure = plots.lightcurve_figure(**lightcurve_arguments(lightcurve=data, curves=[]))
    (ax,) = panels_of(figure)
    assert np.ptp(ax.get_xlim()) >= 1.9 and np.ptp(ax.get_ylim()) >= 0.9


def test_an_empty_light_curve_is_drawn(tmp_path: Path) -> None:
    data = light_curve("g", n=0)
    plots.plot_lightcurves(
        tmp_path / "a.png", **lightcurve_arguments(lightcurve=data, curves=[], sys_error={})
    )
    assert png_size(tmp_path / "a.png") == (1200, 750)


def test_systematic_error_of_each_band() -> None:
    changes = {"sys_error": {"ztfg": 0.3}}
    figure = plots.lightcurve_figure(**lightcurve_arguments(**changes))
    assert [len(ax.containers) for ax in panels_of(figure)] == [2, 1]


def test_validity_is_shaded_and_said() -> None:
    changes = {"valid_until_days": 3.0, "outside_share": 0.4}
    figure = plots.lightcurve_figure(**lightcurve_arguments(**changes))
    assert "40 % of the data lie outside the times where the model is valid." in words(figure)
    assert all(any(p.get_hatch() for p in ax.patches) for ax in figure.axes)


def test_nothing_is_shaded_within_validity() -> None:
    figure = plots.lightcurve_figure(**lightcurve_arguments(valid_until_days=100.0))
    assert not any(ax.patches for ax in figure.axes)


def test_limits_outside_the_axes_are_counted() -> None:
    data = light_curve()
    data.limit[0] = 12.0
    shown = words(plots.lightcurve_figure(**lightcurve_arguments(lightcurve=data)))
    assert "1 of 2 upper limits lie outside the axes." in shown


def test_curves_of_unequal_length_are_refused() -> None:
    with pytest.raises(BadInput, match="ztfg"):
        plots.BandCurves("ztfg", np.zeros(3), *(np.zeros(2) for _ in range(4)))


def test_comparison_ranks_by_evidence_and_missing_last() -> None:
    models = [
        plots.ModelCurves(n, z, curves()) for n, z in zip("abc", (-9, np.nan, -3), strict=True)
    ]
    figure = plots.comparison_figure("x", light_curve(), TRIGGER, models)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[:3] == ["c: ln Z = −3.00", "a: ln Z = −9.00", "b: ln Z not available"]


def test_comparison_draws_every_model_in_every_panel() -> None:
    models = [plots.ModelCurves(f"m{i}", -float(i), curves()) for i in range(9)]
    figure = plots.comparison_figure("x", light_curve(), TRIGGER, models)
    for ax in panels_of(figure):
        assert sum(len(entry.get_xdata()) == 50 for entry in ax.lines) == 9


def test_every_rank_looks_different() -> None:
    assert len({line_style(rank)[:2] for rank in range(28)}) == 28


def test_comparison_without_models_is_drawn(tmp_path: Path) -> None:
    plots.plot_comparison(tmp_path / "a.png", "x", light_curve(), TRIGGER, [])
    assert png_size(tmp_path / "a.png") == (1200, 750)


def test_corner_of_eleven_with_a_constant_column(tmp_path: Path) -> None:
    samples = normal(500, 11)
    samples[:, 4] = -2.0
    plots.plot_corner(tmp_path / "a.png", **corner_arguments(samples))
    width, height = png_size(tmp_path / "a.png")
    assert 2400 < width < height < 3300


def test_corner_says_what_it_leaves_out() -> None:
    samples = normal(300, 3)
    samples[:, 1] = -2.0
    samples[7, 0] = np.nan
    samples[8, 2] = np.inf
    figure = plots.corner_figure(**corner_arguments(samples))
    shown = " ".join(words(figure).split())
    assert "log10_x1 = -2" in shown
    assert "2 of 300 samples are not finite" in shown
    assert len(figure.axes) == 4


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 50])
def test_corner_of_few_samples_is_drawn_and_says_so(tmp_path: Path, rows: int) -> None:
    plots.plot_corner(tmp_path / "a.png", **corner_arguments(normal(rows, 5)))
    assert f"Only {rows} samples" in words(plots.corner_figure(**corner_arguments(normal(rows, 5))))


def test_corner_without_a_finite_sample_is_drawn(tmp_path: Path) -> None:
    plots.plot_corner(tmp_path / "a.png", **corner_arguments(normal(300, 2) * np.nan))
    assert min(png_size(tmp_path / "a.png")) > 300


def test_corner_of_an_almost_constant_column_is_drawn(tmp_path: Path) -> None:
    samples = normal(300, 3)
    samples[1:, 1] = 5.0
    samples[:, 2] = 51.0 + 1e-7 * samples[:, 2]
    plots.plot_corner(tmp_path / "a.png", **corner_arguments(samples))
    assert min(png_size(tmp_path / "a.png")) > 300


def test_corner_marks_a_prior_bound_the_posterior_reaches() -> None:
    samples = np.abs(normal(300, 2))
    near = plots.corner_figure(**corner_arguments(samples, ranges=[(0.0, np.inf), None]))
    far = plots.corner_figure(**corner_arguments(samples, ranges=None))
    assert "prior bound" in words(near) and "prior bound" not in words(far)


def test_corner_refuses_labels_of_another_length() -> None:
    with pytest.raises(BadInput, match="1 labels"):
        plots.corner_figure(**corner_arguments(normal(300, 2), labels=["a"]))


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ([1.0, 2.0, 3.0], "$2.00_{-0.90}^{+0.90}$"),
        ([1e51, 2e51, 3e51], r"$(2.00_{-0.90}^{+0.90})\times10^{51}$"),
    ],
)
def test_quantiles_have_two_digits_of_the_error(column: list[float], expected: str) -> None:
    assert quantile_text(np.array(column)) == expected


def test_a_broken_label_is_drawn_as_text() -> None:
    assert checked_label(r"$\frac{$") == r"\$\frac{\$"


def test_evidence_that_is_missing_is_said() -> None:
    assert evidence_text(float("nan"), 0.1) == "ln Z not available"


@pytest.mark.parametrize("panels", range(1, 20))
def test_grid_has_room_for_every_panel(panels: int) -> None:
    rows, columns = grid_shape(panels)
    assert panels <= rows * columns < panels + columns


def test_bands_of_one_letter_look_alike_and_others_do_not() -> None:
    assert band_style("ztfg") == band_style("ps1::g") == band_style("sdssg")
    looks = {(s.colour, s.marker) for s in map(band_style, ("ztfg", "ztfr", "ztfi", "2massks"))}
    assert len(looks) == 4


def test_bands_of_uvot_look_different_from_each_other() -> None:
    names = [f"uvot::{name}" for name in ("uvw2", "uvm2", "uvw1", "u", "b", "v")]
    assert sorted(names, key=band_order) == names
    assert len({band_style(name) for name in names}) == 6
    assert band_style("uvot::b") == band_style("bessellb")


@pytest.mark.parametrize("band", BANDS)
def test_every_band_has_a_style_and_a_plain_name(band: str) -> None:
    assert band_style(band) != OTHER_BAND
    assert "::" not in band_label(band) and band_label(band)[0].isupper() | band[0].isdigit()


@pytest.mark.parametrize(
    ("band", "label", "like"),
    [
        ("uvot::white", "UVOT white", "sdssu"),
        ("cspv3009", "CSP V3009", "bessellv"),
        ("f606w", "ACS F606W", "ztfr"),
        ("uvf814w", "UVIS F814W", "ztfi"),
        ("gaia::gbp", "Gaia BP", "atlasc"),
        ("gotol", "GOTO L", "bessellv"),
        ("tess", "TESS", "ztfi"),
        ("2massks", "Ks", "wise::w1"),
        ("skymapperv", "SkyMapper v", "sdssu"),
    ],
)
def test_a_band_without_a_letter_looks_like_its_neighbours(
    band: str, label: str, like: str
) -> None:
    assert (band_label(band), band_style(band)) == (label, band_style(like))


def test_bands_are_sorted_by_wavelength() -> None:
    names = ["2massks", "ztfi", "uvot::uvw2", "strange", "ztfg"]
    assert sorted(names, key=band_order) == ["uvot::uvw2", "ztfg", "ztfi", "2massks", "strange"]


def test_residuals_are_in_units_of_sigma_with_the_brighter_up() -> None:
    data, days = light_curve("g", n=3, limits="none"), np.array([-1.0, 5.0])
    flat = plots.BandCurves("ztfg", days, *(np.full(2, mag) for mag in (18.0, 17.9, 18.1, 18.0)))
    figure = plots.lightcurve_figure(
        **lightcurve_arguments(lightcurve=data, curves=[flat], sys_error=np.hypot(0.2, 0.0))
    )
    (ax,) = panels_of(figure, "residuals")
    shown = ax.containers[0].lines[0].get_ydata()
    assert np.allclose(shown, np.array([0.0, 0.4, 0.8]) / np.hypot(0.1, 0.2))
    assert ax.yaxis_inverted() and ax.get_xlim() == panels_of(figure)[0].get_xlim()
    assert "(detection − median) / σ" in words(figure)


def test_absolute_magnitudes_are_on_the_right_where_the_distance_is_known() -> None:
    figure = plots.lightcurve_figure(**lightcurve_arguments(distance=100.0))
    (right,) = panels_of(figure)[0].child_axes
    figure.draw_without_rendering()
    assert np.allclose(right.get_ylim(), np.array(panels_of(figure)[0].get_ylim()) - 35.0)
    assert "Absolute magnitude (100 Mpc)" in words(figure)
    unknown = plots.lightcurve_figure(**lightcurve_arguments())
    assert "Absolute" not in words(unknown) and not panels_of(unknown)[0].child_axes


def test_what_is_below_the_threshold_is_hollow_and_has_its_entry() -> None:
    data = replace(light_curve("g", limits="none"), significance=1e6)
    figure = plots.lightcurve_figure(**lightcurve_arguments(lightcurve=data, curves=curves("g")))
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "below 1e+06σ" in labels and "detection" not in labels
    (ax, *_) = panels_of(figure)
    points = [c.lines[0] for c in ax.containers if c.lines[0] is not None]
    assert "none" in {line.get_fillstyle() for line in points if line.get_ydata().size}


def test_one_frame_moves_each_band_by_what_the_legend_says() -> None:
    data = light_curve("gri", limits="none")
    figure = plots.lightcurve_figure(
        **lightcurve_arguments(lightcurve=data, curves=curves("gri"), one_frame=True)
    )
    (ax,) = panels_of(figure)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[:3] == ["ZTF g +1", "ZTF r", "ZTF i −1"]
    points = [c.lines[0] for c in ax.containers if c.lines[0] is not None]
    assert [float(line.get_ydata()[0]) for line in points] == [19.0, 18.0, 17.0]
    alone = plots.lightcurve_figure(**lightcurve_arguments(lightcurve=data, curves=curves("gri")))
    for own, other in zip(
        panels_of(figure, "residuals")[0].containers,
        (ax.containers[0] for ax in panels_of(alone, "residuals")),
        strict=True,
    ):
        assert np.allclose(own.lines[0].get_ydata(), other.lines[0].get_ydata())


def test_bands_of_one_letter_are_told_apart_in_one_frame() -> None:
    assert fill_styles(["ztfg", "ps1::g", "ztfr"]) == ["full", "none", "full"]


def test_comparison_draws_a_band_of_uncertainty_for_each_model() -> None:
    models = [plots.ModelCurves(n, -1.0, curves(), "kilonova") for n in "ab"]
    figure = plots.comparison_figure("x", light_curve(), TRIGGER, models, 40.0)
    for ax in panels_of(figure):
        colours = [to_hex(one.get_facecolor()[0]) for one in ax.collections[:2]]
        assert colours == [line_style(1)[0].lower(), line_style(0)[0].lower()]
    assert "a, kilonova: ln Z = −1.00" in words(figure)
    assert "Absolute magnitude (40 Mpc)" in words(figure)


def test_ticks_are_enough_for_short_and_long_light_curves() -> None:
    for span in (0.3, 12.0, 400.0):
        data = light_curve("gri", n=6)
        data = replace(data, mjd=TRIGGER + (data.mjd - TRIGGER) * span / 5)
        figure = plots.lightcurve_figure(**lightcurve_arguments(lightcurve=data, curves=[]))
        ax = panels_of(figure)[0]
        low, high = ax.get_xlim()
        assert 2 <= sum(low <= tick <= high for tick in ax.get_xticks()) <= 9
        assert len(ax.get_xticks(minor=True)) >= 4 and len(ax.get_yticks(minor=True)) >= 4


def test_bins_of_the_corner_plot_end_at_the_priors_bounds() -> None:
    samples = np.abs(normal(4000, 2))
    figure = plots.corner_figure(**corner_arguments(samples, ranges=[(0.0, 9.0), None]))
    bounded, free = figure.axes[0], figure.axes[3]
    edges = bounded.patches[0].get_xy()[:, 0]
    assert bounded.get_xlim()[0] == 0.0 and edges.min() == 0.0
    assert free.get_xlim()[0] < 0.0 < samples[:, 1].min()


def test_the_truth_is_drawn_where_it_is_known_and_said_where_it_is_far() -> None:
    samples = normal(400, 3)
    figure = plots.corner_figure(**corner_arguments(samples, truth=[0.5, None, 90.0]))
    lines = [
        [
            float(np.ravel(line.get_xdata())[0])
            for line in ax.lines
            if line.get_color() == TRUTH_COLOUR
        ]
        for ax in (figure.axes[0], figure.axes[4], figure.axes[8])
    ]
    assert lines == [[0.5], [], []]
    shown = " ".join(words(figure).split())
    assert "Orange line: truth." in shown and "Truth outside the axes: log10_x2 = 90." in shown
    assert "truth" not in words(plots.corner_figure(**corner_arguments(samples)))


def test_titles_and_the_pages_table_state_the_same_interval() -> None:
    column = np.random.default_rng(1).normal(5.0, 1.0, 2000)
    result = {
        "posterior": {"content": {"log10_mej": column.tolist()}},
        "search_parameter_keys": ["log10_mej"],
        "priors": {},
    }
    (row,) = parameter_rows(result, "Me2017")
    low, middle, high = np.quantile(column, (0.05, 0.5, 0.95))
    assert [float(v) for v in (row.low, row.median, row.high)] == pytest.approx(
        [low, middle, high], abs=0.005
    )
    assert quantile_text(column) == (
        f"${middle:.1f}_{{-{middle - low:.1f}}}^{{+{high - middle:.1f}}}$"
    )
    assert (row.label, row.name) == ("log10 M_ej/M_sun", "log10_mej")


def test_the_axis_has_room_for_the_band_where_there_is_a_detection() -> None:
    days = np.array([-2.0, 3.0])
    wide = plots.BandCurves("ztfg", days, *(np.full(2, mag) for mag in (18.0, 17.0, 19.2, 18.0)))
    data = light_curve("g", n=1, limits="none")
    figure = plots.lightcurve_figure(**lightcurve_arguments(lightcurve=data, curves=[wide]))
    faint, bright = panels_of(figure)[0].get_ylim()
    assert bright < 17.0 and faint > 19.2
