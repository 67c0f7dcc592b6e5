// What if: the answer follows the fields without a reload, and the URL keeps what was asked.
"use strict";

(() => {
  const form = document.getElementById("what-if-form");
  if (!form) return;
  const PAUSE = 60;
  let timer = null;
  let latest = 0;
  let answered = 0;
  let again = false;

  // A slider is another hand on its field; the field is what counts.
  form.addEventListener("input", ({ target }) => {
    const slid = target.dataset.for && document.getElementById(target.dataset.for);
    if (slid) slid.value = document.documentElement.lang === "fr" ? target.value.replace(".", ",") : target.value;
    const slider = form.querySelector(`.slide[data-for="${target.id}"]`);
    if (slider && target.id) slider.value = target.value.replace(/\s/g, "").replace(",", ".");
    document.body.dataset.asking = "yes";
    window.clearTimeout(timer);
    timer = window.setTimeout(() => answer(), PAUSE);
  });
  // News never overtake a question on its way: where they come faster than answers, none would ever be shown.
  document.addEventListener("cutloss:news", () => {
    if (!document.body.dataset.asking) return;
    again = answered < latest;
    if (!again) answer(true);
  });

  // What follows a step of the run is not read out: only what the reader has asked is.
  async function answer(isNews = false) {
    const number = ++latest;
    const query = changed();
    history.replaceState(null, "", (query ? `?${query}` : window.location.pathname) + window.location.hash);
    const html = await asked(query);
    if (number !== latest) return; // a newer question is on its way
    answered = number;
    if (html === null) document.dispatchEvent(new CustomEvent("cutloss:unanswered"));
    else document.dispatchEvent(new CustomEvent("cutloss:answer", { detail: isNews ? html.replace(' role="status"', "") : html }));
    if (again) {
      again = false;
      answer(true);
    }
  }

  // What was typed before this script came is asked now.
  if (!window.location.search && changed()) {
    document.body.dataset.asking = "yes";
    answer();
  }

  async function asked(query) {
    try {
      const response = await fetch(`${form.dataset.answer}?${query}`, { credentials: "same-origin" });
      return response.ok ? await response.text() : null;
    } catch {
      return null; // the service is away: the answer shown stays
    }
  }

  function changed() {
    const fields = [...form.querySelectorAll(".f input, .f select")];
    const differing = fields.filter((field) => field.value.trim() !== "" && field.value !== field.dataset.was);
    for (const field of fields) {
      field.closest(".wi").classList.toggle("changed", differing.includes(field));
    }
    return new URLSearchParams(differing.map((field) => [field.name, field.value])).toString();
  }
})();
