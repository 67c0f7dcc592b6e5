// The loss chart: Bokeh's figure comes empty, its data and colours are put in here, again at each change.
"use strict";

(() => {
  const holder = document.getElementById("loss-chart");
  if (!holder || !window.Bokeh) return;
  const axes = document.getElementById("chart-axis");
  const LEAST_PAUSE = 1500;
  let plot = null;
  let data = null;
  let askedAt = 0;
  let waiting = null;

  start();

  async function start() {
    const [figure, first] = await Promise.all([ask(holder.dataset.figure), ask(holder.dataset.source)]);
    await window.Bokeh.embed.embed_item(figure, holder.id);
    const model = window.Bokeh.documents[window.Bokeh.documents.length - 1];
    plot = model.get_model_by_name("loss");
    data = first;
    paint();
    show();
    holder.dataset.ready = "yes";
    axes?.addEventListener("change", show);
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
    document.addEventListener("cutloss:news", refreshSoon);
  }

  async function ask(url) {
    const response = await fetch(url, { credentials: "same-origin" });
    if (!response.ok) throw new Error(`${url}: ${response.status}`);
    return response.json();
  }

  function refreshSoon() {
    if (waiting) return;
    const pause = Math.max(0, askedAt + LEAST_PAUSE - Date.now());
    waiting = window.setTimeout(refresh, pause);
  }

  async function refresh() {
    askedAt = Date.now();
    try {
      data = await ask(holder.dataset.source);
      show();
    } finally {
      waiting = null;
    }
  }

  // Each model's tags say which of its colours is which design token.
  function paint() {
    const style = getComputedStyle(document.documentElement);
    for (const model of plot.document.all_models ?? plot.document._all_models.values()) {
      for (const tag of model.tags ?? []) {
        if (Array.isArray(tag)) model[tag[0]] = colour(model, tag, style);
      }
    }
  }

  function colour(model, [property, token], style) {
    const value = style.getPropertyValue(token).trim();
    const isPerPoint = model[property] !== null && typeof model[property] === "object";
    return isPerPoint ? { value } : value;
  }

  function show() {
    const mode = axes?.querySelector("input:checked")?.value ?? "step";
    for (const renderer of plot.renderers) {
      const columns = data.sources[renderer.name];
      if (!columns) continue;
      const filled = { ...renderer.data_source.data, ...columns, x: columns[mode] };
      filled.x1 = columns[`${mode}1`] ?? columns[mode];
      const rows = filled.x.length;
      // Bokeh wants all columns of one length; those a layer does not use are filled.
      for (const name of Object.keys(filled)) {
        if (filled[name].length !== rows) filled[name] = new Array(rows).fill(null);
      }
      renderer.data_source.data = filled;
    }
    const x = data.x[mode];
    plot.x_range.setv({ start: x.start, end: x.end });
    plot.y_range.setv({ start: data.y.start, end: data.y.end });
    setTicks(plot.document.get_model_by_name("x"), x.ticks);
    setTicks(plot.document.get_model_by_name("y"), data.y.ticks);
  }

  function setTicks(axis, ticks) {
    axis.major_label_overrides = new Map(ticks);
    axis.ticker.ticks = ticks.map(([at]) => at);
  }
})();
