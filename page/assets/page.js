// The page's own behaviour: quotes on hover, sources beside the answer, keyboard, copy and export.
// Text reaches the page as text only: through escaped templates, textContent and text nodes.
(() => {
  "use strict";

  const KEPT = "pincite.conversation";
  const CHOSEN = "pincite.sources";
  const UNANSWERED = "pincite.question";
  const INTERRUPTED = {
    stopped: "Stopped; this answer isn't kept.",
    lost: "The connection to the server was lost; this answer isn't kept. Ask again.",
    failed: "Something went wrong on the server; this answer isn't kept. Its log says more.",
  };
  const UNREACHABLE = "The server can't be reached: is it still running?";
  const ALIVE_MILLISECONDS = 1500;
  const TIP_GAP = 6;
  let pane = null;      // the element of the source pane
  let server = null;    // functions of the server: open_source(place), export_answers(request)
  let shown = null;     // the key of what the pane shows
  let opening = 0;      // counts openings, so that a late reply doesn't replace a newer one
  let scrolledTo = null;
  let opener = null;    // the mark from which the pane was opened

  // --- the source pane -------------------------------------------------------------------------

  function attach(element, functions) {
    pane = element.querySelector(".pane");
    server = functions;
    pane.querySelector(".close").addEventListener("click", close);
    pane.querySelector(".share").addEventListener("click", (event) => share(event.currentTarget));
    const address = new URLSearchParams(location.search);
    if (address.get("source")) open(fromAddress(address));
    putBack(sessionStorage.getItem(UNANSWERED));
    sessionStorage.removeItem(UNANSWERED);
  }

  function fromAddress(address) {
    return {
      source: address.get("source"),
      paragraph: whole(address.get("p")),
      start: whole(address.get("at")),
      quote: address.get("q"),
    };
  }

  function fromMark(mark) {
    return {
      source: mark.dataset.source,
      paragraph: whole(mark.dataset.paragraph),
      start: whole(mark.dataset.start),
      quote: mark.dataset.quote ?? null,
    };
  }

  function whole(text) {
    return /^\d{1,9}$/.test(text ?? "") ? Number(text) : null;
  }

  async function open(place, address) {
    const turn = ++opening;
    let found;
    try {
      found = await server.open_source({ ...place, have: shown });
    } catch {
      found = { error: UNREACHABLE };
    }
    if (turn !== opening) return;
    document.documentElement.classList.add("pane-open");
    unmark();
    if (found.error) {
      note(found.error);
      return;
    }
    if (found.html !== null) {
      pane.querySelector(".content").innerHTML = found.html; // escaped by the server's templates
      shown = found.key;
      pane.querySelector(".name").textContent = pane.querySelector(".source-title").textContent;
    }
    const paragraph = pane.querySelector(`.paragraph[data-number="${found.paragraph}"]`);
    if (found.start !== null) markSpan(paragraph.querySelector(".text"), found.start, found.end);
    if (paragraph) paragraph.classList.add("current");
    note(found.note ?? "");
    settle(pane.querySelector("mark") ?? paragraph);
    keepInView(opener);
    if (address) history.replaceState(history.state, "", address);
  }

  // On a small screen the pane comes up over the lower part of the page.
  function keepInView(mark) {
    const covered = mark?.getBoundingClientRect().bottom - pane.getBoundingClientRect().top;
    const over = getComputedStyle(pane.closest("#source-pane")).position === "fixed";
    if (over && covered > 0) scrollBy(0, covered + 40);
  }

  // Offsets count code points; the page's strings count UTF-16 units.
  function units(text, points) {
    let at = 0;
    for (let n = 0; n < points; n++) at += text.codePointAt(at) > 0xffff ? 2 : 1;
    return at;
  }

  function markSpan(element, start, end) {
    element.normalize(); // Chromium parses a long text into several nodes
    const node = element.firstChild;
    const first = units(node.data, start);
    const range = document.createRange();
    range.setStart(node, first);
    range.setEnd(node, first + units(node.data.slice(first), end - start));
    range.surroundContents(document.createElement("mark"));
  }

  function unmark() {
    for (const each of pane.querySelectorAll(".current")) each.classList.remove("current");
    for (const mark of pane.querySelectorAll("mark")) {
      const parent = mark.parentNode;
      mark.replaceWith(...mark.childNodes);
      parent.normalize();
    }
  }

  // Paragraphs out of view have estimated heights, which are known once they come into view.
  function settle(target, frames = 4) {
    scrollTo(target);
    if (target && frames) requestAnimationFrame(() => settle(target, frames - 1));
  }

  function scrollTo(target) {
    const content = pane.querySelector(".content");
    if (!target) {
      content.scrollTop = 0;
      return;
    }
    const box = target.getBoundingClientRect();
    const room = Math.max(24, (content.clientHeight - box.height) / 3);
    content.scrollTop += box.top - content.getBoundingClientRect().top - room;
  }

  function note(text) {
    pane.querySelector(".note").textContent = text;
  }

  function close() {
    document.documentElement.classList.remove("pane-open");
    opener?.focus();
  }

  function share(button) {
    copy(location.href);
    confirm(button, "Copied");
  }

  // --- quotes on hover and focus ---------------------------------------------------------------

  const tip = document.createElement("div");
  tip.id = "quote-tip";
  tip.role = "tooltip";
  tip.hidden = true;
  let leaving = 0;

  function showTip(mark) {
    clearTimeout(leaving);
    if (!tip.isConnected) document.body.append(tip);
    const place = document.createElement("strong");
    place.textContent = mark.dataset.place;
    const quote = document.createElement("q");
    quote.textContent = mark.dataset.quote;
    tip.replaceChildren(place, quote);
    tip.hidden = false;
    mark.setAttribute("aria-describedby", tip.id);
    const box = mark.getBoundingClientRect();
    const left = Math.min(box.left, innerWidth - tip.offsetWidth - TIP_GAP);
    const below = box.bottom + TIP_GAP;
    const above = box.top - TIP_GAP - tip.offsetHeight;
    tip.style.left = `${Math.max(TIP_GAP, left)}px`;
    tip.style.top = `${below + tip.offsetHeight > innerHeight && above > 0 ? above : below}px`;
  }

  function hideTip() {
    clearTimeout(leaving);
    tip.hidden = true;
    for (const mark of document.querySelectorAll(`[aria-describedby="${tip.id}"]`)) {
      mark.removeAttribute("aria-describedby");
    }
  }

  function leaveTip() {
    clearTimeout(leaving);
    leaving = setTimeout(hideTip, 200); // time to move the pointer onto it
  }

  const markAt = (event) => event.target.closest?.("a.mark");

  document.addEventListener("mouseover", (event) => {
    const mark = markAt(event);
    if (mark) showTip(mark);
    else if (tip.contains(event.target)) clearTimeout(leaving);
  });
  document.addEventListener("mouseout", (event) => {
    if (markAt(event) || tip.contains(event.target)) leaveTip();
  });
  document.addEventListener("focusin", (event) => {
    const mark = markAt(event);
    if (mark?.matches(":focus-visible")) showTip(mark);
  });
  document.addEventListener("focusout", (event) => {
    if (markAt(event)) leaveTip();
  });

  // --- clicks and keys -------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.mark, a.place");
    const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
    if (link && plain && pane) {
      event.preventDefault();
      hideTip();
      if (!pane.contains(link)) opener = link;
      open(fromMark(link), link.href);
    }
    const button = event.target.closest?.("button.copy, button.export");
    if (button?.matches(".copy")) {
      copy(button.dataset.copy);
      confirm(button, "Copied");
    } else if (button) {
      download(button);
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (!tip.hidden) hideTip();
      else if (document.documentElement.classList.contains("pane-open")) close();
      return;
    }
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const mark = step && markAt(event);
    if (!mark) return;
    const marks = [...document.querySelectorAll("#conversation a.mark")];
    const next = marks[marks.indexOf(mark) + step];
    if (!next) return;
    event.preventDefault();
    const follows = opener === mark && document.documentElement.classList.contains("pane-open");
    next.focus();
    if (follows) next.click();
  });

  new MutationObserver(() => {
    // A new question comes into view once; while its answer grows nothing moves.
    const pending = document.querySelector("#conversation .turn.pending");
    if (pending && pending !== scrolledTo) pending.scrollIntoView({ block: "start" });
    scrolledTo = pending;
    // Gradio names this button with other words than it shows, which nobody could say to it.
    for (const area of document.querySelectorAll("button.upload-container[aria-label]")) {
      area.removeAttribute("aria-label");
    }
  }).observe(document.documentElement, { childList: true, subtree: true });

  // --- copy, download, keep --------------------------------------------------------------------

  function copy(text) {
    if (navigator.clipboard) {
      navigator.clipboard.writeText(text);
      return;
    }
    const area = document.createElement("textarea"); // where the page isn't served securely
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }

  function confirm(button, text) {
    const before = button.dataset.label ?? button.textContent;
    button.dataset.label = before;
    button.textContent = text;
    setTimeout(() => (button.textContent = before), 1500);
  }

  async function download(button) {
    const request = { saved: sessionStorage.getItem(KEPT) ?? "", form: button.dataset.form };
    if (button.dataset.turn) request.turn = Number(button.dataset.turn);
    let file;
    try {
      file = await server.export_answers(request);
    } catch {
      // The server can't be reached.
    }
    if (!file || file.error) {
      confirm(button, "Failed");
      document.documentElement.classList.add("pane-open"); // where it's narrow, the note is there
      note(file?.error ?? UNREACHABLE);
      return;
    }
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([file.text], { type: file.type }));
    link.download = file.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function store(name, text) {
    try {
      sessionStorage.setItem(name, text);
    } catch {
      sessionStorage.removeItem(name); // full: better none than an old one
    }
  }

  // --- answers that don't come to an end -------------------------------------------------------

  // Their verified statements stay in view, and the question goes back where it was typed.
  function interrupt(root, how) {
    const turn = root.querySelector(".turn.pending");
    if (!turn) return null;
    turn.classList.remove("pending");
    const line = turn.querySelector(".waiting");
    line.className = "failure";
    line.textContent = INTERRUPTED[how];
    return turn.querySelector(".question").textContent;
  }

  function interrupted(current, question, how) {
    const view = document.createElement("template");
    view.innerHTML = current ?? "";
    const asked = interrupt(view.content, how);
    return [view.innerHTML, question || (asked ?? "")];
  }

  // A server that went away says nothing. While an answer is awaited, it is asked if it is still
  // the one that was asked for it.
  let askedId = null;
  setInterval(async () => {
    if (!document.querySelector(".turn.pending")) {
      askedId = null;
      return;
    }
    let id = null;
    try {
      id = (await (await fetch("gradio_api/app_id")).json()).app_id;
    } catch {
      // It can't be reached.
    }
    if (id !== null && id === (askedId ??= id)) return;
    askedId = null;
    const asked = interrupt(document, "lost");
    putBack(asked);
    if (asked) store(UNANSWERED, asked); // once the server is back, Gradio loads the page anew
  }, ALIVE_MILLISECONDS);

  function putBack(asked) {
    if (!asked) return;
    const box = document.querySelector("#question textarea");
    if (!box) setTimeout(() => putBack(asked), 20);
    else if (!box.value) {
      box.value = asked;
      box.dispatchEvent(new Event("input"));
    }
  }

  // --- what is searched, and which part of the list of sources is shown ------------------------

  // Kept here and not read off the list, which has but a page of the sources.
  const choice = restored();
  const view = { words: "", page: 1 };
  const FILTER = ["since", "until", "publisher", "lang"];

  function restored() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(CHOSEN) || "{}");
      return Array.isArray(kept) ? { only: kept } : { ...kept };
    } catch {
      return {};
    }
  }

  // As `read_choice` reads it: "" for all sources, or JSON.
  function chosen() {
    const { without, ...kept } = choice;
    if (without?.length) kept.without = without;
    return Object.keys(kept).length ? JSON.stringify(kept) : "";
  }

  function tick(ids, on) {
    const name = choice.only ? "only" : "without";
    const named = new Set(choice[name]);
    for (const id of ids) named[on === (name === "only") ? "add" : "delete"](id);
    choice[name] = [...named];
  }

  function tickAll(on) {
    delete choice.without;
    if (on) delete choice.only;
    else choice.only = [];
    showTicks(document);
  }

  function showTicks(root) {
    const named = new Set(choice.only ?? choice.without);
    const boxes = [...root.querySelectorAll("table.sources input.one")];
    for (const box of boxes) box.checked = named.has(box.value) === Boolean(choice.only);
    const all = root.querySelector("table.sources input.all");
    if (all) all.checked = boxes.every((box) => box.checked);
  }

  // Whether that changes anything; a date that isn't typed to its end counts as none.
  function narrow(form) {
    const before = chosen();
    for (const name of FILTER) {
      const field = form.elements[name];
      const value = field?.validity.valid ? field.value.trim() : "";
      if (value) choice[name] = value;
      else delete choice[name];
    }
    return chosen() !== before;
  }

  function showFilter(element) {
    const names = new Intl.DisplayNames(["en"], { type: "language" });
    for (const option of element.querySelectorAll("select option")) {
      try {
        if (option.value) option.textContent = names.of(option.value);
      } catch {
        // It is no code of a language, so it stands as it is.
      }
    }
    for (const name of FILTER) {
      const field = element.querySelector(`[name=${name}]`);
      if (field) field.value = choice[name] ?? "";
    }
    document.getElementById("searching")?.setAttribute("aria-live", "polite");
  }

  function look(change) {
    const before = JSON.stringify(view);
    Object.assign(view, change);
    return JSON.stringify(view) !== before;
  }

  function listed(element) {
    showTicks(element);
    const found = element.querySelector(".listing")?.dataset.found;
    const status = document.querySelector(".finder [role=status]");
    if (status) status.textContent = view.words ? `${found} sources found` : "";
  }

  window.pincite = {
    attach,
    interrupted,
    keep: (saved) => store(KEPT, saved),
    kept: () => sessionStorage.getItem(KEPT) ?? "",
    tick,
    tickAll,
    narrow,
    showFilter,
    chosen,
    keepChosen: (kept) => store(CHOSEN, kept),
    look,
    listed,
    view: () => JSON.stringify(view),
  };
})();
