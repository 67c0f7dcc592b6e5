// The loss chart: Bokeh's figure comes empty. Its data, colours and ticks are put in here, again at each change.
"use strict";

(() => {
  const holder = document.getElementById("loss-chart");
  if (!holder || !window.Bokeh) return;
  const tools = document.getElementById("chart-tools");
  const LEAST_PAUSE = 3000;
  const LOOK_CLOSER_AFTER = 200;
  const STRIDE = 0.25;
  const FOOT = 0.035; // height of the marks at the foot, as a share of the axis
  const KEPT = "#chart?";
  const CURVES = ["raw", "spread", "smooth", "val", "forecast", "fix", "target"];
  let plot = null;
  let data = null;
  let closer = null; // the losses of the stretch shown, in its own resolution
  let stretch = null; // what is shown of the horizontal axis; null is all of it
  let isOurs = false;
  let askedAt = 0;
  let waiting = null;
  let looking = null;

  start();

  async function start() {
    const [figure, first] = await Promise.all([ask(holder.dataset.figure), ask(holder.dataset.source)]);
    await window.Bokeh.embed.embed_item(figure, holder.id);
    const model = window.Bokeh.documents[window.Bokeh.documents.length - 1];
    plot = model.get_model_by_name("loss");
    data = first;
    paint();
    zoom(recalled());
    holder.dataset.ready = "yes";
    // The buttons do by keyboard what the figure does by mouse: it is no stop of its own.
    for (const { canvas_view: canvas } of window.Bokeh.index.roots) if (canvas) canvas.events_el.tabIndex = -1;
    // A finger that drags over the chart scrolls the page; the buttons zoom.
    if (window.matchMedia("(pointer: coarse)").matches) plot.toolbar.active_drag = null;
    tools.addEventListener("change", () => zoom(null));
    tools.addEventListener("click", ({ target }) => press(target.closest("[data-zoom]")?.dataset.zoom));
    holder.addEventListener("dblclick", () => zoom(null));
    for (const end of ["start", "end"]) plot.x_range.properties[end].change.connect(follow);
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

  const chosen = (name) => tools.querySelector(`input[name="${name}"]:checked`).value;
  const isLogLoss = () => chosen("y-axis") === "log" && data.y.log !== null;

  function whole(mode) {
    const [from, to] = data.x[mode === "wall" ? "wall" : "step"];
    return mode === "log" ? [0, Math.log10(to)] : [from, to];
  }

  function across(columns, mode, suffix = "") {
    if (mode === "wall") return columns[`wall${suffix}`];
    const steps = columns[`step${suffix}`];
    return mode === "log" ? steps?.map((step) => Math.log10(Math.max(step, 1))) : steps;
  }

  function up(values, [foot], isLog) {
    return isLog ? values.map((value) => (value === null ? null : value > 0 ? Math.log10(value) : foot)) : values;
  }

  function show() {
    const mode = chosen("x-axis");
    const isLog = isLogLoss();
    const [from, to] = stretch ?? whole(mode);
    const sources = { ...data.sources, ...(stretch ? closer : null) };
    const ends = lossEnds(sources, mode, from, to, isLog);
    const [first, last] = whole(mode);
    isOurs = true;
    plot.x_range.setv({ start: from, end: to });
    plot.y_range.setv({ start: ends[0], end: ends[1] });
    isOurs = false;
    for (const renderer of plot.renderers) {
      const columns = sources[renderer.name];
      if (columns) fill(renderer, columns, mode, ends, isLog);
    }
    setTicks("x", mode === "wall" ? clockTicks(from, to) : mode === "log" ? powerTicks(from, to) : evenTicks(from, to, 7));
    setTicks("y", isLog ? powerTicks(...ends) : evenTicks(...ends, 6));
    for (const button of tools.querySelectorAll("[data-zoom]")) {
      const needs = { earlier: stretch && from > first, later: stretch && to < last, in: true }[button.dataset.zoom] ?? stretch;
      button.setAttribute("aria-disabled", String(!needs));
    }
  }

  // Marks without a loss of their own stand at the foot or at the top of what is shown.
  function fill(renderer, columns, mode, ends, isLog) {
    const x = across(columns, mode);
    const height = ends[1] - ends[0];
    const filled = { ...columns, x, x1: across(columns, mode, "1") ?? x };
    if (renderer.name === "target_label") filled.x = x.map((at) => Math.max(at, plot.x_range.start));
    for (const name of ["y", "y1", "low", "high"]) {
      if (columns[name]) filled[name] = up(columns[name], ends, isLog);
    }
    const at = { due: 0, now: 0, saved: FOOT }[renderer.name] ?? (renderer.name.startsWith("advised") ? 0.98 : 1);
    filled.y = (filled.y ?? new Array(x.length).fill(null)).map((y) => y ?? ends[0] + at * height);
    if (renderer.name === "due") filled.y1 = filled.y.map((y) => y + FOOT * height);
    if (renderer.name === "now") filled.y1 = filled.y.map(() => ends[1]);
    // Bokeh wants every column the figure names, all of one length.
    for (const name of Object.keys(renderer.data_source.data)) {
      if (filled[name]?.length !== x.length) filled[name] = new Array(x.length).fill(null);
    }
    renderer.data_source.data = filled;
  }

  function lossEnds(sources, mode, from, to, isLog) {
    const all = isLog ? data.y.log.map(Math.log10) : data.y.linear;
    if (!stretch) return all;
    const seen = [];
    for (const name of CURVES) {
      const x = across(sources[name], mode);
      for (const column of ["y", "low", "high"]) {
        const y = sources[name][column];
        if (y) up(y, all, isLog).forEach((value, i) => value !== null && x[i] >= from && x[i] <= to && seen.push(value));
      }
    }
    if (seen.length < 2) return all;
    const [low, high] = seen.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity]);
    const room = 0.08 * (high - low) || 0.5 * Math.abs(high) || 1;
    return [Math.max(low - room, all[0]), Math.min(high + room, all[1])];
  }

  // Bokeh's own tools have moved the axis: by the wheel, or by a stretch that was drawn.
  function follow() {
    if (isOurs) return;
    window.clearTimeout(looking);
    looking = window.setTimeout(() => zoom([plot.x_range.start, plot.x_range.end]), LOOK_CLOSER_AFTER / 4);
  }

  function press(what) {
    const [first, last] = whole(chosen("x-axis"));
    const [from, to] = stretch ?? [first, last];
    const length = to - from;
    const moved = { in: [STRIDE, -STRIDE], out: [-STRIDE * 2, STRIDE * 2], earlier: [-STRIDE * 2, -STRIDE * 2], later: [STRIDE * 2, STRIDE * 2] }[what];
    if (what === "all") zoom(null);
    if (!moved) return;
    const shift = Math.max(first - (from + moved[0] * length), 0) + Math.min(last - (to + moved[1] * length), 0);
    const kept = what === "in" || what === "out" ? 0 : shift;
    zoom([from + moved[0] * length + kept, to + moved[1] * length + kept]);
  }

  function zoom(wanted) {
    const [first, last] = whole(chosen("x-axis"));
    const cut = wanted && [Math.max(wanted[0], first), Math.min(wanted[1], last)];
    stretch = cut && cut[1] > cut[0] && cut[1] - cut[0] < 0.999 * (last - first) ? cut : null;
    closer = null;
    show();
    window.clearTimeout(looking);
    looking = window.setTimeout(settle, LOOK_CLOSER_AFTER);
  }

  function settle() {
    keep();
    if (stretch) lookCloser();
  }

  // What is shown stands behind the address, so that whoever is sent it sees the same; not at each turn of a
  // wheel, for some browsers refuse an address that changes so often.
  function keep() {
    const said = new URLSearchParams();
    if (chosen("x-axis") !== "step") said.set("x", chosen("x-axis"));
    if (chosen("y-axis") !== "log") said.set("y", chosen("y-axis"));
    if (stretch) ["from", "to"].forEach((end, i) => said.set(end, Number(stretch[i].toPrecision(10))));
    const { pathname, search, hash } = window.location;
    if (`${said}`) history.replaceState(null, "", `${pathname}${search}${KEPT}${said}`);
    else if (hash.startsWith(KEPT)) history.replaceState(null, "", pathname + search);
  }

  function recalled() {
    const { hash } = window.location;
    const said = new URLSearchParams(hash.startsWith(KEPT) ? hash.slice(KEPT.length) : "");
    for (const axis of ["x", "y"]) {
      const radios = [...tools.querySelectorAll(`input[name="${axis}-axis"]`)];
      for (const radio of radios) radio.checked = radio.value === said.get(axis) || radio.checked;
    }
    const ends = ["from", "to"].map((end) => parseFloat(said.get(end)));
    return ends.every(Number.isFinite) ? ends : null;
  }

  async function lookCloser() {
    const asked = stretch;
    const [from, to] = steps(asked, chosen("x-axis"));
    const found = await ask(`${holder.dataset.source}/${from}-${to}`);
    if (stretch !== asked) return;
    closer = found.sources;
    show();
  }

  function steps([from, to], mode) {
    if (mode === "log") return [Math.floor(10 ** from), Math.ceil(10 ** to)];
    if (mode === "step") return [Math.max(0, Math.floor(from)), Math.ceil(to)];
    const { step, wall } = data.sources.raw;
    const before = wall.findLastIndex((at) => at <= from);
    const after = wall.findIndex((at) => at >= to);
    return [Math.floor(step[Math.max(before, 0)] ?? 0), Math.ceil(step[after < 0 ? step.length - 1 : after] ?? 1)];
  }

  function setTicks(name, ticks) {
    const axis = plot.document.get_model_by_name(name);
    axis.major_label_overrides = new Map(ticks);
    axis.ticker.ticks = ticks.map(([at]) => at);
  }

  const language = document.documentElement.lang;

  function number(value, digits) {
    const options = { maximumFractionDigits: Math.min(Math.max(digits, 0), 12) };
    const isFar = value !== 0 && (Math.abs(value) >= 1e7 || Math.abs(value) < 1e-4);
    if (isFar) return value.toExponential(1).replace(".0e", "e").replace("e+", "e");
    return new Intl.NumberFormat(language, options).format(value);
  }

  function multiples(from, to, stride) {
    const ticks = [];
    for (let i = Math.ceil(from / stride - 1e-9); i * stride <= to + 1e-9 * stride; i += 1) ticks.push(i * stride);
    return ticks;
  }

  function roundStride(length, most) {
    const size = 10 ** Math.floor(Math.log10(length / most));
    return size * [1, 2, 5, 10].find((times) => length / (size * times) <= most);
  }

  function evenTicks(from, to, most) {
    const stride = roundStride(to - from, most);
    const digits = Math.max(0, -Math.floor(Math.log10(stride) + 1e-9));
    return multiples(from, to, stride).map((at) => [at, number(Math.abs(at) < stride / 2 ? 0 : at, digits)]);
  }

  // Places on a logarithmic axis: 1, 2, 5 of each decade, finer where less is shown and coarser where more is.
  function powerTicks(from, to) {
    const decades = to - from;
    if (decades < 0.3) {
      const ticks = evenTicks(10 ** from, 10 ** to, 6);
      return ticks.filter(([value]) => value > 0).map(([value, text]) => [Math.log10(value), text]);
    }
    const steps = decades > 3 ? [1] : decades > 1 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 8];
    const ticks = [];
    for (let power = Math.floor(from); power <= Math.ceil(to); power += decades > 9 ? 2 : 1) {
      for (const times of steps) ticks.push([power + Math.log10(times), number(times * 10 ** power, 1 - power)]);
    }
    return ticks.filter(([at]) => at >= from && at <= to);
  }

  const CLOCK_STRIDES = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600];

  // Round in the reader's own time: full hours, and midnight by its day.
  function clockTicks(from, to) {
    const most = Math.max(2, Math.floor(holder.clientWidth / 90));
    const stride = CLOCK_STRIDES.find((seconds) => (to - from) / seconds <= most) ?? roundStride(to - from, most);
    const offset = -60 * new Date(1000 * from).getTimezoneOffset();
    return multiples(from + offset, to + offset, stride).map((at) => [at - offset, clock(at - offset, stride)]);
  }

  function clock(at, stride) {
    const moment = new Date(1000 * at);
    const isMidnight = moment.getHours() + moment.getMinutes() + moment.getSeconds() === 0;
    const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(stride < 60 ? { second: "2-digit" } : null) };
    const options = stride >= 86400 ? { day: "numeric", month: "short" } : isMidnight ? { weekday: "short" } : time;
    return new Intl.DateTimeFormat(language, options).format(moment);
  }
})();
