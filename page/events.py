"""What the page's event listeners share, and the script that names its custom events.

Gradio finds the name of a custom event as a quoted word in the script of its component.
"""

from __future__ import annotations

from typing import Any

QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
"""For events of the page itself: no endpoints for others, no spinner over what is being read."""

pick_example = """
element.addEventListener("click", (event) => {
  const example = event.target.closest("button.example");
  if (example) trigger("pick", { question: example.textContent });
});
"""
"""Event "pick" with `question`: a question to begin with was chosen."""

attach_pane = """
const attach = () =>
  window.pincite ? window.pincite.attach(element, server) : setTimeout(attach, 20);
attach();
"""

choose_sources = """
const boxes = () => [...element.querySelectorAll("input.one")];
const pressed = [];
element.addEventListener("change", ({ target }) => {
  if (target.matches(".all")) {
    for (const box of boxes()) box.checked = target.checked;
  }
  if (target.matches("[data-whole] .all")) window.pincite.tickAll(target.checked);
  else {
    const changed = target.matches(".all") ? boxes() : [target];
    window.pincite.tick(changed.map((box) => box.value), target.checked);
  }
  element.querySelector("input.all").checked = boxes().every((box) => box.checked);
  trigger("choose", {});
});
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.matches(".remove")) trigger("unwanted", { id: button.value });
  if (button?.matches(".turn")) {
    pressed.push(button.name);
    window.pincite.look({ page: Number(button.value) });
    trigger("turn", {});
  }
});
watch("value", () => {
  window.pincite.listed(element);
  if (!pressed.length) return;
  const name = pressed.splice(0).at(-1);
  element.closest(".tabitem")?.scrollTo(0, 0);
  const turns = [...element.querySelectorAll("button.turn:enabled")];
  (turns.find((button) => button.name === name) ?? turns[0])?.focus();
});
"""
"""Events "choose" and "turn", of which `pincite.chosen` and `pincite.view` tell the rest, and
"unwanted" with `id`, a source to remove. Whoever turns pages by the keyboard stays on the
button."""

find_sources = """
const box = element.querySelector("input");
let waiting = 0;
const look = () => {
  clearTimeout(waiting);
  if (window.pincite.look({ words: box.value, page: 1 })) trigger("look", {});
};
box.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(look, 250);
});
element.addEventListener("submit", (event) => {
  event.preventDefault();
  look();
});
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  window.pincite.tickAll(button.value === "all");
  trigger("choose", {});
});
"""
"""Event "look", of which `pincite.view` tells the rest, and "choose"."""

narrow_search = """
const set = () => {
  if (window.pincite.narrow(element.querySelector("form"))) trigger("narrow", {});
};
const show = () => (window.pincite ? window.pincite.showFilter(element) : setTimeout(show, 20));
element.addEventListener("change", set);
element.addEventListener("input", ({ target }) => {
  if ([...(target.list?.options ?? [])].some((option) => option.value === target.value)) set();
});
element.addEventListener("submit", (event) => {
  event.preventDefault();
  set();
});
element.addEventListener("reset", () => setTimeout(set));
watch("value", show);
show();
"""
"""Event "narrow", of which `pincite.chosen` tells the rest."""
