// What if: the answer follows the fields without a reload, and the URL keeps what was asked.
"use strict";

(() => {
  const form = document.getElementById("what-if-form");
  if (!form) return;
  const PAUSE = 60;
  let timer = null;
  let latest = 0;

  form.addEventListener("input", () => {
    document.body.dataset.asking = "yes";
    window.clearTimeout(timer);
    timer = window.setTimeout(answer, PAUSE);
  });
  document.addEventListener("cutloss:news", () => document.body.dataset.asking && answer());

  async function answer() {
    const number = ++latest;
    const query = changed();
    history.replaceState(null, "", query ? `?${query}` : window.location.pathname);
    const response = await fetch(`${form.dataset.answer}?${query}`, { credentials: "same-origin" });
    const html = await response.text();
    if (!response.ok || number !== latest) return; // a newer question is on its way
    const holder = document.createElement("template");
    holder.innerHTML = html.trim();
    document.getElementById("what_if_answer").replaceWith(holder.content.firstElementChild);
  }

  function changed() {
    const fields = [...form.querySelectorAll(".f input")];
    const asked = fields.filter((field) => field.value.trim() !== "" && field.value !== field.dataset.was);
    for (const field of fields) {
      field.closest(".wi").classList.toggle("changed", asked.includes(field));
    }
    return new URLSearchParams(asked.map((field) => [field.name, field.value])).toString();
  }
})();
