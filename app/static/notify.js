// Notifications of the browser: what the event stream of an open page says of alerts, shown though the tab is hidden.
"use strict";

(() => {
  const KEY = "cutloss.notify";
  const SEEN = "cutloss.notified";
  const LATE_MILLISECONDS = 30_000;
  const isAble = "Notification" in window && window.isSecureContext;
  const isOn = () => isAble && Notification.permission === "granted" && localStorage.getItem(KEY) === "on";

  document.addEventListener("cutloss:alerts", ({ detail }) => isOn() && detail.forEach(show));
  const panel = document.getElementById("notify");
  if (panel) offer(panel);

  // Every open tab hears of an alert; whoever takes its lock shows it, for as long as the others may be late.
  function show(alert) {
    const { id, due } = alert;
    const [seenDue, seenId] = JSON.parse(localStorage.getItem(SEEN) || "[0, 0]");
    if (due < seenDue || (due === seenDue && id <= seenId)) return;
    localStorage.setItem(SEEN, JSON.stringify([due, id]));
    if (!navigator.locks) return notify(alert);
    navigator.locks.request(`${SEEN}-${due}-${id}`, { ifAvailable: true }, (lock) => {
      if (!lock) return undefined;
      notify(alert);
      return new Promise((resolve) => window.setTimeout(resolve, LATE_MILLISECONDS));
    });
  }

  function notify({ id, title, text, link }) {
    try {
      const shown = new Notification(title, { body: text, tag: `cutloss-${id}` });
      shown.addEventListener("click", () => {
        window.focus();
        window.location.assign(link);
        shown.close();
      });
    } catch {
      localStorage.removeItem(KEY); // some phones let only service workers notify
      if (panel) tell("unsupported");
    }
  }

  function offer() {
    document.getElementById("notify-switch").addEventListener("click", turn);
    tell(state());
  }

  function state() {
    if (!isAble) return "unsupported";
    if (Notification.permission === "denied") return "denied";
    return isOn() ? "on" : "off";
  }

  // Permission is asked for at a click only.
  async function turn() {
    if (isOn()) {
      localStorage.removeItem(KEY);
    } else if ((await Notification.requestPermission()) === "granted") {
      localStorage.setItem(KEY, "on");
      try {
        new Notification("cutloss", { body: panel.dataset.testTitle, tag: "cutloss-test" });
      } catch {
        localStorage.removeItem(KEY);
        tell("unsupported");
        return;
      }
    }
    tell(state());
  }

  function tell(word) {
    document.getElementById("notify-state").textContent = panel.dataset[word];
    const button = document.getElementById("notify-switch");
    button.hidden = word === "unsupported" || word === "denied";
    button.textContent = word === "on" ? panel.dataset.turnOff : panel.dataset.turnOn;
  }
})();
