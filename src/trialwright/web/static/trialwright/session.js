/* The end of a session: a warning before it, and nothing of a patient left on the screen after it. */
(() => {
  "use strict";
  let ended = false;
  /* Heard before every other listener: what was typed is kept as a draft, so leaving needs no question. */
  addEventListener("beforeunload", (event) => { if (ended) event.stopImmediatePropagation(); });

  const start = () => {
    const box = document.getElementById("idle");
    if (!box) return;
    const warn = Number(box.dataset.warn);
    const part = (name) => box.querySelector(`[data-idle-${name}]`);
    const main = document.getElementById("main");
    let until = Date.now() + Number(box.dataset.left) * 1000;
    let before = null;
    let told = 0;

    const open = () => { before = document.activeElement; box.hidden = false; part("stay").focus(); };
    const close = () => {
      box.hidden = true;
      if (before && before.focus) before.focus();
    };
    const renew = async (method) => {
      const headers = { Accept: "application/json", "X-CSRFToken": box.dataset.token };
      try {
        const answer = await fetch(box.dataset.address, { method, headers });
        if (answer.status === 403 && method === "POST") { await renew("GET"); return; } /* a token of before */
        const { left, who, token } = await answer.json();
        /* Logged in anew in another window: this page goes on, unless it is somebody else now. */
        until = who && who !== box.dataset.who ? 0 : Date.now() + left * 1000;
        if (token && until) {
          box.dataset.token = token;
          document.querySelectorAll("input[name=csrfmiddlewaretoken]").forEach((input) => { input.value = token; });
        }
      } catch { /* No connection: the clock of this page goes on. */ }
    };
    const over = () => {
      ended = true;
      main.replaceChildren();
      document.title = box.dataset.title;
      part("soon").hidden = true;
      part("over").hidden = false;
      part("stay").hidden = true;
      box.setAttribute("aria-labelledby", "idle-over");
      box.setAttribute("aria-describedby", "idle-over-what");
      const again = part("again");
      const back = location.pathname + location.search;
      again.href = `${again.getAttribute("href")}?next=${encodeURIComponent(back)}`;
      again.hidden = false;
      box.hidden = false;
      again.focus();
    };
    const say = (seconds) => {
      /* Told in steps, so that a screen reader is not interrupted each second. */
      const step = seconds > 60 ? Math.ceil(seconds / 30) * 30 : Math.ceil(seconds / 15) * 15;
      if (step === told) return;
      told = step;
      part("time").textContent = box.dataset.time.replace("0", String(step));
    };
    let asking = false;
    const tick = async () => {
      if (ended || asking) return;
      let left = (until - Date.now()) / 1000;
      if (left <= warn && box.hidden || left <= 0) {
        /* Another window may have kept the session alive, or the computer slept. */
        asking = true;
        await renew("GET");
        asking = false;
        left = (until - Date.now()) / 1000;
      }
      if (left <= 0) over();
      else if (left <= warn) { say(left); if (box.hidden) open(); }
      else if (!box.hidden) close();
    };
    part("stay").addEventListener("click", async () => { await renew("POST"); close(); });
    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !ended) part("stay").click();
      if (event.key === "Tab") { event.preventDefault(); (ended ? part("again") : part("stay")).focus(); }
    });
    /* Somebody who types is there, though nothing is sent: the server hears of it now and then. */
    let heard = Date.now();
    document.addEventListener("input", () => {
      if (!ended && box.hidden && Date.now() - heard > 60000) { heard = Date.now(); renew("POST"); }
    });
    document.addEventListener("htmx:afterRequest", () => renew("GET"));
    setInterval(tick, 1000);
    document.addEventListener("visibilitychange", async () => {
      if (document.visibilityState === "visible" && !ended) await renew("GET");
      tick();
    });
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
