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
element.addEventListener("change", (event) => {
  const all = element.querySelector("input.all");
  if (event.target === all) {
    for (const box of boxes()) box.checked = all.checked;
  }
  all.checked = boxes().every((box) => box.checked);
  trigger("choose", {});
});
element.addEventListener("click", (event) => {
  const button = event.target.closest("button.remove");
  if (button) trigger("unwanted", { id: button.value });
});
watch("value", () => {
  for (const box of element.querySelectorAll("input")) box.checked = box.hasAttribute("checked");
});
"""
"""Events "choose", of which `pincite.ticked` tells the rest, and "unwanted" with `id`, a source to
remove."""
