// The ledger gets a filter, and folded parts open for print. Without this file every row is shown.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const tables = [...document.querySelectorAll(".tabular.claims")];
  if (!tables.length) return;
  const rows = tables.flatMap((table) => [...table.querySelectorAll("tbody tr")]);
  const verdict = (row) => row.querySelector(".verdict").textContent;
  const words = [...new Set(rows.map(verdict))];
  const form = document.createElement("form");
  form.className = "filter d-print-none";
  form.innerHTML = `<label>Search the claims <input type="search"></label>
    <label>Verdict <select><option value="">all</option></select></label> <output></output>`;
  const [text, choice, count] = ["input", "select", "output"].map((tag) => form.querySelector(tag));
  words.forEach((word) => choice.add(new Option(word, word)));
  const show = () => {
    const wanted = text.value.toLowerCase();
    rows.forEach((row) => {
      const fits = !choice.value || verdict(row) === choice.value;
      row.hidden = !(fits && row.textContent.toLowerCase().includes(wanted));
    });
    tables.forEach((table) => {
      table.closest("section").hidden = !table.querySelector("tbody tr:not([hidden])");
    });
    count.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} claims`;
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  tables[0].closest("section").before(form);
  show();
});
for (const [event, isOpen] of [["beforeprint", true], ["afterprint", false]]) {
  window.addEventListener(event, () => {
    document.querySelectorAll(isOpen ? "details:not([open])" : "details[data-print]").forEach((part) => {
      part.open = isOpen;
      part.toggleAttribute("data-print", isOpen);
    });
  });
}
