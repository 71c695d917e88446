/* Pages of a study in conduct: nothing typed is lost, what follows from it is asked of the server, keys in the matrix. */
(() => {
  "use strict";
  const $$ = (selector, root = document) => Array.from(root.querySelectorAll(selector));

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

  /* --- A form of a subject ------------------------------------------------------------------------------------ */
  const WAIT = 2000;
  /* Inputs that hold text of the form: not those of menus that stand inside it and belong to another. */
  const typedInto = (form) => Array.from(form.elements)
    .filter((f) => f.name && f.type !== "file" && (f.type !== "hidden" || /^[a-z]:/.test(f.name)));
  const picture = (form) => {
    const values = {};
    for (const f of typedInto(form)) {
      if (f.type === "checkbox") values[`${f.name}=${f.value}`] = f.checked;
      else if (f.type === "radio") { if (f.checked) values[f.name] = f.value; else values[f.name] ??= ""; }
      else values[f.name] = f.value;
    }
    return values;
  };
  const restore = (form, values) => {
    for (const f of typedInto(form)) {
      const key = f.type === "checkbox" ? `${f.name}=${f.value}` : f.name;
      if (f.type === "hidden" || !(key in values)) continue;
      if (f.type === "checkbox") f.checked = values[key];
      else if (f.type === "radio") f.checked = f.value === values[f.name];
      else f.value = values[f.name];
    }
  };
  const remembered = (key) => { try { return JSON.parse(sessionStorage.getItem(key)); } catch { return null; } };

  /* What a field shows: a stored one that shows something else than it did is being changed. */
  const face = (line) => $$("input[name], select[name], textarea[name]", line)
    .filter((f) => !/^[rct]:/.test(f.name) && ((f.type !== "radio" && f.type !== "checkbox") || f.checked))
    .map((f) => f.value).join("\u001f");
  const firstFaces = (root) => $$("[data-was]:not([data-first])", root).forEach((line) => { line.dataset.first = face(line); });
  const overwritten = (form) => $$("[data-was]", form)
    .filter((line) => line.hasAttribute("data-changed") || line.dataset.first !== face(line));

  const capture = (form) => {
    /* This tab remembers what the server has not taken yet; the draft itself is the server's. */
    const version = form.elements.version.value;
    const key = `typed:${form.dataset.capture}:${version}`;
    const state = form.querySelector("[data-state]");
    const all = form.querySelector("[data-reason]");
    let sending = false;
    let timer = 0;
    let keptText = "";
    if (form.hasAttribute("data-saved")) {
      const ofForm = `typed:${form.dataset.capture}:`;
      Object.keys(sessionStorage).filter((k) => k.startsWith(ofForm)).forEach((k) => sessionStorage.removeItem(k));
    }
    firstFaces(form);
    const clean = JSON.stringify(picture(form));
    const waiting = remembered(key);
    const drafted = () => form.hasAttribute("data-dirty");
    const changed = () => JSON.stringify(picture(form)) !== clean;
    const say = (text) => { if (state && text !== undefined) state.textContent = text; };
    const reasons = () => {
      const lines = overwritten(form);
      const own = lines.filter((line) => line.querySelector("[data-why]"));
      $$("[data-why]", form).forEach((why) => {
        const input = why.querySelector("input");
        why.hidden = !own.includes(why.closest("[data-was]")) && !input.value && !input.hasAttribute("aria-invalid");
      });
      const bare = own.filter((line) => !line.querySelector("[data-why] input").value);
      const needed = lines.length > own.length || (own.length > 1 && bare.length > 0);
      if (all && !all.hasAttribute("data-always")) all.hidden = !needed && !all.querySelector("input").value;
    };
    const touch = () => {
      reasons();
      if (!changed() && !drafted()) { say(state && state.dataset.kept); sessionStorage.removeItem(key); return; }
      if (JSON.stringify(picture(form)) === keptText) return;
      say(state && state.dataset.dirty);
      sessionStorage.setItem(key, JSON.stringify(picture(form)));
      clearTimeout(timer);
      timer = setTimeout(() => ask(true), WAIT);
    };
    /* --- What the server says: fields that are not asked now, computed values, warnings */
    const hear = (text) => {
      const heard = new DOMParser().parseFromString(text, "text/html").getElementById("said");
      if (!heard) { say(state && state.dataset.lost); return null; }
      const texts = new Map($$("[data-into]", heard).map((part) => [part.dataset.into, part.textContent]));
      const fresh = [];
      $$("[data-told]", form).forEach((place) => {
        const computed = place.id.startsWith("d-");
        if (computed && !texts.has(place.id)) return;
        if (!computed && texts.has(place.id) && texts.get(place.id) !== place.textContent) {
          const label = document.getElementById(`l-${place.id.slice(2)}`);
          fresh.push(`${label ? `${label.textContent}: ` : ""}${texts.get(place.id)}`);
        }
        place.textContent = texts.get(place.id) || "";
        if (!computed) place.hidden = !texts.has(place.id);
      });
      const spoken = document.getElementById("unusual");
      if (spoken && fresh.length) spoken.textContent = fresh.join(" ");
      const hide = (heard.dataset.hide || "").split(" ");
      $$(".line[id^='f-']", form).forEach((line) => { line.hidden = hide.includes(line.id.slice(2)); });
      return heard.dataset.state;
    };
    /* Rules run on the server: it is told what stands in the form, and keeps it as a draft when asked to. */
    const text = (keep) => {
      const all = new FormData(form);
      [...all.keys()].filter((name) => name.startsWith("f:")).forEach((name) => all.delete(name));
      if (keep) all.set("keep", "1");
      return all;
    };
    const asking = {};
    const ask = async (keep) => {
      if (asking[keep]) asking[keep].abort();
      asking[keep] = new AbortController();
      const sent = JSON.stringify(picture(form));
      try {
        const answer = await fetch(form.dataset.typed, {
          method: "POST", body: text(keep), signal: asking[keep].signal, redirect: "manual", headers: { "HX-Request": "true" },
        });
        if (!answer.ok) throw new Error("lost");
        const line = hear(await answer.text());
        if (line === null || !keep) return;
        say(line);
        keptText = sent;
        if (sent === JSON.stringify(picture(form))) sessionStorage.removeItem(key);
      } catch (error) {
        if (error.name !== "AbortError" && keep && !sending) say(state && state.dataset.lost);
      }
    };

    form.addEventListener("input", touch);
    form.addEventListener("change", (event) => {
      touch();
      if (event.target.closest("[data-asks]")) ask(false);
    });
    const at = form.querySelector("[data-at]");
    form.addEventListener("focusin", (event) => {
      const line = event.target.closest("[id^='f-']");
      if (line && at) at.value = line.id.slice(2);
    });
    form.addEventListener("submit", (event) => {
      if (sending) { event.preventDefault(); return; }
      sending = true;
      clearTimeout(timer);
    });
    $$("[data-forget]").forEach((button) => button.form.addEventListener("submit", () => {
      sending = true;
      clearTimeout(timer);
      sessionStorage.removeItem(key);
    }));
    /* Whoever leaves takes nothing away: the last words go to the server. */
    addEventListener("pagehide", () => {
      if (sending || !sessionStorage.getItem(key)) return;
      navigator.sendBeacon(form.dataset.typed, text(true));
    });
    addEventListener("beforeunload", (event) => { if (sessionStorage.getItem(key) && !sending) event.preventDefault(); });
    addEventListener("pageshow", () => { sending = false; });
    document.addEventListener("htmx:afterSettle", () => { firstFaces(form); reasons(); });

    if (waiting && JSON.stringify(waiting) !== clean) {
      restore(form, waiting);
      const note = document.getElementById("restored");
      if (note) note.hidden = false;
      touch();
    } else if (drafted()) {
      reasons();
      if (state && !state.textContent) say(state.dataset.dirty);
      if (form.hasAttribute("data-drafted")) sessionStorage.removeItem(key); /* the server has it all */
      else { /* a save was refused: what was typed stands on this page alone */
        sessionStorage.setItem(key, JSON.stringify(picture(form)));
        ask(true);
      }
    } else touch();
    if (drafted() || waiting) ask(false);
  };

  /* A link to a field puts the cursor into it. */
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#f-']");
    const line = link && document.getElementById(link.hash.slice(1));
    const first = line && line.querySelector("input:checked, input:not([type=hidden]), select, textarea");
    if (first) setTimeout(() => first.focus());
  });

  /* The button that was pressed went with what it replaced: who uses the keys goes on at the same field. */
  document.addEventListener("htmx:afterSettle", (event) => {
    const place = event.target instanceof Element && event.target.closest(".over");
    const next = place && document.activeElement === document.body && place.querySelector("summary, button, a");
    if (next) next.focus({ preventScroll: true });
  });

  const grids = () => $$("[data-grid]:not([data-keys])").forEach((table) => { table.dataset.keys = ""; gridKeys(table); });
  const start = () => {
    grids();
    document.addEventListener("htmx:afterSettle", grids);
    $$("form[data-capture]").forEach(capture);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => setTimeout(start));
  else start();
})();
