/* What the pages do beyond what the server sends: keep typed text, keys, and the place in a long page. */
(() => {
  "use strict";
  document.documentElement.classList.add("script");
  const $$ = (selector, root = document) => Array.from(root.querySelectorAll(selector));

  /* --- Long pages: mark the section that is being read ------------------------------------------------------- */
  const readingMark = () => {
    const links = new Map($$("[data-toc] a").map((a) => [decodeURIComponent(a.hash.slice(1)), a]));
    if (!links.size) return;
    const sections = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
    const mark = () => {
      const line = window.innerHeight * 0.25;
      let current = sections[0];
      for (const section of sections) if (section.getBoundingClientRect().top <= line) current = section;
      const atEnd = window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 4;
      if (atEnd) current = sections[sections.length - 1];
      for (const [id, link] of links) {
        if (id === current.id) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    };
    let waiting = false;
    addEventListener("scroll", () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; mark(); });
    }, { passive: true });
    mark();
  };

  /* --- Repeating groups: another row, made from the blank one that the server sent ---------------------------- */
  const addRow = (button) => {
    const template = document.getElementById(button.dataset.addRow);
    const body = document.getElementById(button.dataset.into);
    const old = template.dataset.number;
    const next = Math.max(0, ...$$("[data-row]", body).map((row) => Number(row.dataset.row))) + 1;
    const row = template.content.cloneNode(true);
    for (const element of $$("*", row)) {
      for (const name of ["name", "id", "aria-describedby"]) {
        const value = element.getAttribute(name);
        if (value) element.setAttribute(name, value.replaceAll(`:${old}:`, `:${next}:`).replaceAll(`-${old}-`, `-${next}-`));
      }
      const label = element.getAttribute("aria-label");
      if (label) element.setAttribute("aria-label", label.replace(/\d+$/, String(next)));
      if (element.dataset.row) element.dataset.row = String(next);
      if (element.dataset.rowNumber !== undefined) element.textContent = String(next);
    }
    $$("td[colspan]", body).forEach((cell) => cell.closest("tr").remove());
    body.append(row);
    const first = body.querySelector(`[data-row="${next}"] input, [data-row="${next}"] select`);
    if (first) first.focus();
  };

  /* --- Screening: the verdict follows; nothing typed is kept, and nothing is lost without a word ---------------- */
  const screening = (form) => {
    const lost = document.getElementById("lost");
    const open = new Set();
    let dirty = false;
    let leaving = false;
    const marks = () => {
      $$(".field-error[id]", form).forEach((error) => $$(`[aria-describedby="${error.id}"]`, form).forEach((input) => {
        if (error.hidden || input.matches(".day")) input.removeAttribute("aria-invalid");
        else input.setAttribute("aria-invalid", "true");
      }));
      const hide = (document.getElementById("said").dataset.hide || "").split(" ");
      $$("[id^='q-']", form).forEach((line) => { line.hidden = hide.includes(line.id.slice(2)); });
    };
    form.addEventListener("htmx:beforeSwap", () => {
      open.clear();
      $$("#verdict details[open]", form).forEach((part) => open.add(part.id));
    });
    document.addEventListener("htmx:afterSettle", () => {
      open.forEach((id) => { const part = document.getElementById(id); if (part) part.open = true; });
      marks();
    });
    document.addEventListener("htmx:sendError", () => { lost.hidden = false; });
    document.addEventListener("htmx:responseError", () => { lost.hidden = false; });
    form.addEventListener("htmx:afterOnLoad", () => { lost.hidden = true; });
    form.addEventListener("input", (event) => {
      dirty = true;
      const picks = event.target.dataset.picks;
      if (picks && event.target.value) {
        const day = form.querySelector(`input[name="${CSS.escape(picks)}"][value="date"]`);
        if (day) day.checked = true;
      }
    });
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.target.type !== "text") return;
      event.preventDefault();
      event.target.dispatchEvent(new Event("change", { bubbles: true }));
    });
    /* Another language shows the same answers: they travel along. */
    $$(".bar a[hreflang]").forEach((link) => link.addEventListener("click", (event) => {
      event.preventDefault();
      form.action = `${form.getAttribute("action")}?lang=${link.hreflang}`;
      leaving = true;
      HTMLFormElement.prototype.submit.call(form);
    }));
    /* A criterion or an open test that is named elsewhere opens and is shown. */
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[href^='#']");
      const there = link && document.getElementById(link.hash.slice(1));
      if (!there) return;
      const sheet = there.closest("#verdict");
      if (sheet) sheet.open = true;
      else if (window.matchMedia("(max-width: 1000px)").matches) document.getElementById("verdict").open = false;
      if (there.matches("details")) there.open = true;
      const first = there.querySelector(there.matches("details") ? "summary" : "input, select");
      if (first) setTimeout(() => first.focus({ preventScroll: true }));
    });
    /* What follows goes to its own address: htmx would take that of the button that has the focus. */
    form.addEventListener("htmx:configRequest", (event) => { event.detail.path = form.getAttribute("hx-post"); });
    /* A double click sends once. */
    let sent = 0;
    form.addEventListener("submit", (event) => {
      if (sent && event.timeStamp - sent < 1000) { event.preventDefault(); return; }
      sent = event.timeStamp;
      leaving = true;
    });
    addEventListener("pageshow", () => { leaving = false; sent = 0; });
    addEventListener("beforeunload", (event) => { if (dirty && !leaving) event.preventDefault(); });
  };

  /* --- Start ---------------------------------------------------------------------------------------------------- */
  const start = () => {
    if (window.matchMedia("(max-width: 820px)").matches) $$("[data-fold]").forEach((part) => { part.open = false; });
    readingMark();
    $$("form[data-screening]").forEach(screening);
    $$(".tabs [aria-current]").forEach((tab) => { tab.parentElement.scrollLeft = tab.offsetLeft - 24; });
    const errors = document.querySelector("[data-focus-now]");
    if (errors) errors.focus();
  };

  /* What was open or folded stays so when a part of the page is replaced. */
  const folds = new Map();
  document.addEventListener("htmx:beforeSwap", () => {
    folds.clear();
    $$("#search details[id]").forEach((part) => folds.set(part.id, part.open));
  });
  document.addEventListener("htmx:afterSwap", () => $$("#search details[id]").forEach((part) => {
    if (folds.has(part.id)) part.open = folds.get(part.id);
  }));

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-add-row]");
    if (button) { event.preventDefault(); addRow(button); }
    if (event.target.closest("[data-print]")) print();
  });
  /* Who walks through a list with the keys is not carried away at the first choice: the button sends it. */
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]") && !event.target.matches(":focus-visible")) event.target.form.requestSubmit();
  });
  /* A double click sends once. Buttons of one form that ask for different things are told apart. */
  const AGAIN = 5000;
  let sentBy = new WeakMap();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.matches("[data-screening]")) return;
    const before = sentBy.get(form);
    if (before && before.button === event.submitter && event.timeStamp - before.at < AGAIN) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else sentBy.set(form, { button: event.submitter, at: event.timeStamp });
  }, true);
  const anew = () => { sentBy = new WeakMap(); };
  addEventListener("pageshow", anew);
  document.addEventListener("htmx:sendError", anew);
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s") {
      const form = document.querySelector("form[data-capture]");
      if (form) { event.preventDefault(); form.requestSubmit(); }
    }
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
