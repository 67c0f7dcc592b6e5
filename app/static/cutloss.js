// Keeps an open page current: fragments of HTML arrive over one event stream and replace elements by id.
"use strict";

(() => {
  const RETRY_MILLISECONDS = 5_000;
  const body = document.body;
  const clockAhead = Date.now() / 1000 - Number(document.documentElement.dataset.now);
  const serverNow = () => Date.now() / 1000 - clockAhead;

  document.documentElement.classList.add("js");
  rememberZone();
  window.setInterval(tellAges, 1000);
  let stream = null;
  document.addEventListener("cutloss:answer", ({ detail }) => {
    replace("what_if_answer", detail, true);
    if (stream?.readyState === EventSource.OPEN) setConnected(true);
  });
  document.addEventListener("cutloss:unanswered", () => setConnected(false));
  if (body.dataset.live) {
    listen();
    window.addEventListener("pagehide", () => stream.close());
    // A page that comes back from the browser's own store has lost its stream.
    window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());
  }

  // Clock times are written by the server: it needs to know the reader's time zone, once.
  function rememberZone() {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const pair = `cutloss_zone=${encodeURIComponent(zone)}`;
    if (!zone || document.cookie.split("; ").includes(pair)) return;
    document.cookie = `${pair}; path=${body.dataset.base || ""}/; max-age=31536000; samesite=strict`;
    const isKept = document.cookie.split("; ").includes(pair);
    const shown = Number(document.documentElement.dataset.offset);
    if (isKept && shown !== -60 * new Date().getTimezoneOffset()) window.location.reload();
  }

  function tellAges() {
    for (const element of document.querySelectorAll("[data-at][data-text]")) {
      const seconds = Math.max(0, Math.floor(serverNow() - Number(element.dataset.at)));
      const text = element.dataset.text.replace("{}", duration(seconds));
      if (element.textContent !== text) element.textContent = text;
    }
  }

  // As the server writes it.
  function duration(seconds) {
    const minutes = Math.round(seconds / 60);
    const hours = Math.round(seconds / 3600);
    if (seconds < 60) return `${seconds}\u00a0s`;
    if (seconds < 300) return pair(Math.floor(seconds / 60), seconds % 60, "min");
    if (minutes < 60) return `${minutes}\u00a0min`;
    if (minutes < 48 * 60) return pair(Math.floor(minutes / 60), minutes % 60, "h");
    const days = `${Math.floor(hours / 24)}\u00a0${document.documentElement.lang === "fr" ? "j" : "d"}`;
    return hours % 24 ? `${days}\u00a0${hours % 24}\u00a0h` : days;
  }

  function pair(whole, rest, unit) {
    return rest ? `${whole}\u00a0${unit}\u00a0${String(rest).padStart(2, "0")}` : `${whole}\u00a0${unit}`;
  }

  function listen() {
    const url = new URL(body.dataset.live, window.location.href);
    url.search = window.location.search;
    url.searchParams.set("version", body.dataset.version || "");
    stream = new EventSource(url);
    stream.addEventListener("opened", () => setConnected(true));
    stream.addEventListener("fragments", (event) => apply(JSON.parse(event.data)));
    stream.addEventListener("alerts", (event) => document.dispatchEvent(new CustomEvent("cutloss:alerts", { detail: JSON.parse(event.data) })));
    stream.addEventListener("error", () => {
      setConnected(false);
      // What was refused, as by a proxy whose service is away, the browser does not try again.
      if (stream.readyState === EventSource.CLOSED) window.setTimeout(listen, RETRY_MILLISECONDS);
    });
  }

  function setConnected(isConnected) {
    const live = document.getElementById("live");
    if (live) live.classList.toggle("lost-touch", !isConnected);
  }

  function apply(news) {
    for (const [id, html] of Object.entries(news.html)) replace(id, html);
    if (news.version) body.dataset.version = news.version;
    setConnected(true);
    tellAges();
    document.dispatchEvent(new CustomEvent("cutloss:news"));
  }

  function replace(id, html, isAsked = false) {
    const old = document.getElementById(id);
    // A what-if that is being typed asks for its own answer.
    if (!old || (id === "what_if_answer" && body.dataset.asking && !isAsked)) return;
    const holder = document.createElement("template");
    holder.innerHTML = html.trim();
    const fresh = holder.content.firstElementChild;
    if (!fresh || fresh.isEqualNode(old)) return;
    const open = new Set([...old.querySelectorAll("details[open]")].map((element) => element.id));
    for (const element of fresh.querySelectorAll("details")) element.open = open.has(element.id);
    const focused = old.contains(document.activeElement) ? pathTo(document.activeElement, old) : null;
    patch(old, fresh);
    const shown = document.getElementById(id);
    if (focused && !shown.contains(document.activeElement)) find(shown, focused)?.focus({ preventScroll: true });
  }

  // Only what differs is touched: the rest keeps its selection and its scrolling, and need not be laid out anew.
  function patch(old, fresh) {
    if (old.isEqualNode(fresh)) return;
    const isAlike = old.nodeName === fresh.nodeName && old.id === fresh.id && old.childNodes.length === fresh.childNodes.length;
    if (!isAlike) {
      old.replaceWith(fresh);
    } else if (old instanceof Element) {
      patchAttributes(old, fresh);
      const wanted = [...fresh.childNodes];
      [...old.childNodes].forEach((child, index) => patch(child, wanted[index]));
    } else {
      old.data = fresh.data;
    }
  }

  function patchAttributes(old, fresh) {
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }

  // The keyboard stays where it was: an element is found again by its place among its siblings.
  function pathTo(element, root) {
    const path = [];
    for (let at = element; at !== root; at = at.parentElement) path.unshift([...at.parentElement.children].indexOf(at));
    return path;
  }

  function find(root, path) {
    return path.reduce((element, index) => element?.children[index], root);
  }
})();
