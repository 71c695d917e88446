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

  /* --- Matrix: arrow keys go from cell to cell; one stop for the Tab key ------------------------------------- */
  const gridKeys = (table) => {
    const rows = $$("tbody tr", table).map((row) => $$("a", row)).filter((row) => row.length);
    if (!rows.length) return;
    rows.flat().forEach((cell) => { cell.tabIndex = -1; });
    rows[0][0].tabIndex = 0;
    const go = (cell) => {
      rows.flat().forEach((other) => { other.tabIndex = -1; });
      cell.tabIndex = 0;
      cell.focus();
      cell.scrollIntoView({ block: "nearest", inline: "nearest" });
    };
    table.addEventListener("keydown", (event) => {
      const y = rows.findIndex((row) => row.includes(event.target));
      if (y < 0) return;
      const x = rows[y].indexOf(event.target);
      const last = rows[y].length - 1;
      const to = {
        ArrowLeft: [y, x - 1], ArrowRight: [y, x + 1], ArrowUp: [y - 1, x], ArrowDown: [y + 1, x],
        Home: [y, 0], End: [y, last],
      }[event.key];
      if (!to || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const row = rows[Math.max(0, Math.min(rows.length - 1, to[0]))];
      go(row[Math.max(0, Math.min(row.length - 1, to[1]))]);
    });
    table.addEventListener("focusin", (event) => {
      if (rows.flat().includes(event.target)) {
        rows.flat().forEach((other) => { other.tabIndex = -1; });
        event.target.tabIndex = 0;
      }
    });
  };

  /* --- A form of a subject: nothing typed is lost ------------------------------------------------------------- */
  const fields = (form) => $$("input[name], select[name], textarea[name]", form).filter((f) => f.type !== "hidden");
  const picture = (form) => {
    const values = {};
    for (const f of fields(form)) {
      if (f.type === "checkbox") values[`${f.name}=${f.value}`] = f.checked;
      else if (f.type === "radio") { if (f.checked) values[f.name] = f.value; else values[f.name] ??= ""; }
      else values[f.name] = f.value;
    }
    return values;
  };
  const restore = (form, values) => {
    for (const f of fields(form)) {
      const key = f.type === "checkbox" ? `${f.name}=${f.value}` : f.name;
      if (!(key in values)) continue;
      if (f.type === "checkbox") f.checked = values[key];
      else if (f.type === "radio") f.checked = f.value === values[f.name];
      else f.value = values[f.name];
    }
  };
  const stored = (key) => { try { return JSON.parse(sessionStorage.getItem(key)); } catch { return null; } };

  const capture = (form) => {
    /* The draft lives in this tab only and goes with it; it is bound to the version of the form it was typed on. */
    const key = `draft:${form.dataset.draft}`;
    if (form.hasAttribute("data-saved")) {
      const ofForm = key.slice(0, key.lastIndexOf(":") + 1);
      Object.keys(sessionStorage).filter((k) => k.startsWith(ofForm)).forEach((k) => sessionStorage.removeItem(k));
    }
    const clean = JSON.stringify(picture(form));
    const state = form.querySelector("[data-state]");
    const reason = form.querySelector("[data-reason]");
    const discard = form.querySelector("[data-discard]");
    const draft = stored(key);
    if (draft && !form.hasAttribute("data-rejected") && JSON.stringify(draft) !== clean) {
      restore(form, draft);
      const note = document.getElementById("restored");
      if (note) note.hidden = false;
    }
    let sending = false;
    const changed = () => JSON.stringify(picture(form)) !== clean || form.hasAttribute("data-rejected");
    const touch = () => {
      const dirty = changed();
      if (state) state.textContent = dirty ? state.dataset.dirty : state.dataset.kept;
      if (discard) discard.hidden = !dirty;
      if (dirty) sessionStorage.setItem(key, JSON.stringify(picture(form)));
      else sessionStorage.removeItem(key);
      if (reason && !reason.hasAttribute("data-always")) reason.hidden = !overwrites(form);
    };
    form.addEventListener("input", touch);
    form.addEventListener("change", touch);
    const at = form.querySelector("[data-at]");
    form.addEventListener("focusin", (event) => {
      const line = event.target.closest("[id^='f-']");
      if (line && at) at.value = line.id.slice(2);
    });
    form.addEventListener("submit", (event) => {
      if (sending) { event.preventDefault(); return; }
      sending = true;
    });
    if (discard) discard.addEventListener("click", () => {
      sending = true;
      sessionStorage.removeItem(key);
      location.replace(location.pathname);
    });
    form.addEventListener("reset", () => setTimeout(() => { sessionStorage.removeItem(key); touch(); }));
    addEventListener("beforeunload", (event) => { if (changed() && !sending) event.preventDefault(); });
    addEventListener("pageshow", () => { sending = false; });
    touch();
  };

  /* A stored value is being changed when a field that held one no longer shows it. */
  const face = (line) => $$("input[name], select[name], textarea[name]", line)
    .filter((f) => (f.type !== "radio" && f.type !== "checkbox") || f.checked)
    .map((f) => f.value).join("\u001f");
  const kept = (form) => $$("[data-was='1']", form);
  const overwrites = (form) => kept(form).some((line) => line.dataset.first !== face(line));

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
        if (value) element.setAttribute(name, value.replace(`:${old}:`, `:${next}:`).replace(`-${old}-`, `-${next}-`));
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
    form.addEventListener("submit", () => { leaving = true; });
    addEventListener("pageshow", () => { leaving = false; });
    addEventListener("beforeunload", (event) => { if (dirty && !leaving) event.preventDefault(); });
  };

  /* --- Start ---------------------------------------------------------------------------------------------------- */
  const start = () => {
    if (window.matchMedia("(max-width: 820px)").matches) $$("[data-fold]").forEach((part) => { part.open = false; });
    readingMark();
    $$("[data-grid]").forEach(gridKeys);
    $$("form[data-screening]").forEach(screening);
    $$("form[data-draft]").forEach((form) => {
      kept(form).forEach((line) => { line.dataset.first = face(line); });
      capture(form);
    });
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
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s") {
      const form = document.querySelector("form[data-draft]");
      if (form) { event.preventDefault(); form.requestSubmit(); }
    }
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
