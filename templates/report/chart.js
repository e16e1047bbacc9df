"use strict";
// Draws the light curve from #chart-data with plotly, in the place of the picture, and lets the
// checkboxes of #toggles choose models and passbands. Without this script the picture stays.

(() => {
  const place = document.getElementById("chart");
  const form = document.getElementById("toggles");
  if (!place || !form || !window.Plotly) return;
  const data = JSON.parse(document.getElementById("chart-data").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const coarse = window.matchMedia("(pointer: coarse)");
  const GAP = 0.07;

  const chosen = (name) => [...form.querySelectorAll(`input[name=${name}]:checked`)].map((box) => Number(box.value));
  const faded = (colour, share) => `rgba(${[1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)).join(",")},${share})`;
  const plain = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;"); // plotly reads tags
  const ink = () => (dark.matches ? "#e4e8ed" : "#1b1f24");

  function modelTraces(model, band, axes) {
    const curve = model.curves[band.name];
    if (!curve) return [];
    const colour = dark.matches ? model.dark : model.colour;
    const dash = model.dashes.length ? model.dashes.map((d) => `${2 * d}px`).join(",") : "solid";
    const shared = { ...axes, x: curve.x, type: "scatter", mode: "lines", showlegend: false };
    const edge = { ...shared, line: { width: 0 }, hoverinfo: "skip" };
    return [
      { ...edge, y: curve.high },
      { ...edge, y: curve.low, fill: "tonexty", fillcolor: faded(colour, 0.16) },
      { ...shared, y: curve.median, line: { color: colour, width: 2, dash },
        hovertemplate: "%{y:.2f} mag<br>day %{x:.2f}", name: plain(model.name) },
    ];
  }

  function dataTraces(band, axes) {
    const shared = { ...axes, type: "scatter", mode: "markers", showlegend: false };
    const traces = [];
    if (band.seen.x.length) {
      traces.push({ ...shared, x: band.seen.x, y: band.seen.y, hoverinfo: "skip", marker: { size: 0.1, color: ink() },
        error_y: { type: "data", array: band.seen.total, color: faded(ink(), 0.3), thickness: 4, width: 0 } });
      traces.push({ ...shared, x: band.seen.x, y: band.seen.y, name: plain(band.label),
        error_y: { type: "data", array: band.seen.error, color: ink(), thickness: 1.3, width: 0 },
        marker: { symbol: band.symbol, size: 9, color: dark.matches ? "#12161c" : "#ffffff",
          line: { color: ink(), width: 1.6 } },
        hovertemplate: "%{y:.3f} ± %{error_y.array:.3f} mag<br>day %{x:.3f}" });
    }
    if (band.limits.x.length) {
      const length = 0.08 * (data.mags[0] - data.mags[1]);
      traces.push({ ...shared, x: band.limits.x, y: band.limits.y.map((mag) => mag + length), hoverinfo: "skip",
        marker: { symbol: "arrow-down", size: 7, color: ink() } });
      traces.push({ ...shared, x: band.limits.x, y: band.limits.y, name: `${plain(band.label)} limit`,
        error_y: { type: "data", symmetric: false, array: band.limits.y.map(() => length),
          arrayminus: band.limits.y.map(() => 0), color: ink(), thickness: 1.3, width: 0 },
        marker: { symbol: "line-ew-open", size: 9, color: ink(), line: { color: ink(), width: 1.6 } },
        hovertemplate: "fainter than %{y:.2f} mag<br>day %{x:.3f}" });
    }
    return traces;
  }

  function panel(position, count) {
    const high = (1 - GAP * (count - 1)) / count;
    const top = 1 - position * (high + GAP);
    return [Math.max(0, top - high), top];
  }

  function draw() {
    const bands = chosen("band").map((at) => data.bands[at]);
    const models = chosen("model").map((at) => data.models[at]);
    const line = dark.matches ? "#384250" : "#d0d7de";
    const narrow = place.clientWidth < 500;
    const axis = { gridcolor: line, linecolor: ink(), mirror: "all", zeroline: false, ticks: "inside", fixedrange: coarse.matches };
    const layout = {
      height: Math.max(1, bands.length) * 230 + 70, hovermode: "closest",
      margin: { l: narrow ? 48 : 64, r: 12, t: 26, b: 58 }, annotations: [], dragmode: coarse.matches ? false : "zoom",
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: ink(), size: narrow ? 12 : 14 },
      xaxis: { ...axis, range: data.days, title: { text: data.day_zero }, anchor: bands.length > 1 ? `y${bands.length}` : "y" },
    };
    const traces = [];
    bands.forEach((band, position) => {
      const name = position ? `y${position + 1}` : "y";
      const axes = { xaxis: "x", yaxis: name };
      const domain = panel(position, bands.length);
      layout[`yaxis${position ? position + 1 : ""}`] = { ...axis, domain, range: data.mags, anchor: "x",
        title: { text: narrow ? "mag" : "AB magnitude", standoff: 6 } };
      layout.annotations.push({ text: `<b>${plain(band.label)}</b>`, xref: "paper", yref: "paper", x: 0, y: domain[1],
        xanchor: "left", yanchor: "bottom", showarrow: false });
      models.slice().reverse().forEach((model) => traces.push(...modelTraces(model, band, axes)));
      traces.push(...dataTraces(band, axes));
    });
    if (!bands.length) layout.annotations.push({ text: "no passband is chosen", xref: "paper", yref: "paper", x: 0.5, y: 0.5, showarrow: false });
    return window.Plotly.react(place, traces, layout, { displayModeBar: false, responsive: true });
  }

  place.hidden = false;
  draw().then(() => {
    document.getElementById("picture").hidden = true;
    document.querySelectorAll(".interactive").forEach((one) => { one.hidden = false; });
    form.hidden = false;
    form.addEventListener("change", draw);
    form.addEventListener("submit", (event) => event.preventDefault());
    document.getElementById("reset").addEventListener("click", draw);
    dark.addEventListener("change", draw);
  }, () => { place.hidden = true; });
})();
