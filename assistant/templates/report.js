// Filters the rows by their words, and opens citations: the paragraph, with the quoted words marked.
// Without it the rows can be filtered by status, and a citation leads to its paragraph in the sources.
"use strict";
(() => {
  const rows = [...document.querySelectorAll(".row")];
  const statuses = document.querySelector("#statuses");
  const search = document.querySelector("#words");
  const shown = document.querySelector("#shown");
  const folded = (text) => text.normalize("NFKC").toLowerCase();
  let texts;

  function tell() {
    const status = statuses.querySelector(":checked").value;
    const count = rows.filter((row) => !row.hidden && (!status || row.dataset.status === status)).length;
    shown.textContent = `${count.toLocaleString("en")} of ${rows.length.toLocaleString("en")} shown`;
  }

  function filter() {
    texts ??= rows.map((row) => folded(row.textContent));
    const words = folded(search.value).split(/\s+/).filter(Boolean);
    rows.forEach((row, at) => { row.hidden = !words.every((word) => texts[at].includes(word)); });
    tell();
  }

  // --- citations ---------------------------------------------------------------------------------

  function made(name, parts = [], properties = {}) {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...parts);
    return element;
  }

  // A quote's offsets count code points of the source; a string counts other units.
  function marked(paragraph, { start, end }) {
    const text = paragraph.textContent;
    if (start === undefined) return [text];
    const points = Array.from(text);
    const cut = [start, end].map((at) => at - paragraph.dataset.start);
    const part = (from, to) => points.slice(from, to).join("");
    return [part(0, cut[0]), made("mark", [part(...cut)]), part(cut[1])];
  }

  function context(place, paragraph) {
    const { start, end } = place.dataset;
    const where = start === undefined ? "" : `, characters ${start} to ${end}`;
    const note = paragraph.dataset.note ? `${paragraph.dataset.note} ` : "";
    const caption = made("figcaption", [
      `${place.textContent}${where}. SHA-256 ${paragraph.dataset.sha256}. ${note}`,
      made("a", ["In the list of sources"], { href: `#${paragraph.id}` }),
    ]);
    const quote = made("blockquote", marked(paragraph, place.dataset), { dir: "auto" });
    return made("figure", [caption, quote], { className: "context", tabIndex: -1 });
  }

  function open(place, paragraph) {
    const figure = context(place, paragraph);
    place.closest("li").append(figure);
    place.setAttribute("aria-expanded", "true");
    return figure;
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest(".row a.mark, .row a.place");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const paragraph = document.getElementById(link.hash.slice(1));
    if (!paragraph?.matches(".paragraph")) return;
    event.preventDefault();
    const number = link.matches(".mark") && link.textContent;
    const place = number
      ? link.closest(".row").querySelector(`.citations > li[value="${number}"] > .place`)
      : link;
    const figure = place.closest("li").querySelector(".context");
    if (figure && link === place) {
      figure.remove();
      place.setAttribute("aria-expanded", "false");
      return;
    }
    (figure ?? open(place, paragraph)).focus();
  });

  for (const place of document.querySelectorAll(".row a.place[href^='#paragraph-']")) {
    place.setAttribute("aria-expanded", "false");
  }
  statuses.addEventListener("change", tell);
  search.addEventListener("input", filter);
  search.closest("label").hidden = false;
  if (search.value) filter();
  else tell();
})();
