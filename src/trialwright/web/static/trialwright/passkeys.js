/* Passkeys: between the server's JSON and the browser's own dialog. Binary parts travel as base64url. */
(() => {
  "use strict";
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

  const make = async ({ publicKey }) => {
    const made = await navigator.credentials.create({ publicKey: {
      ...publicKey,
      challenge: bytes(publicKey.challenge),
      user: { ...publicKey.user, id: bytes(publicKey.user.id) },
      excludeCredentials: named(publicKey.excludeCredentials),
    } });
    return { ...face(made), response: {
      clientDataJSON: text(made.response.clientDataJSON),
      attestationObject: text(made.response.attestationObject),
      transports: made.response.getTransports ? made.response.getTransports() : [],
    } };
  };
  const show = async ({ publicKey }) => {
    const shown = await navigator.credentials.get({ publicKey: {
      ...publicKey, challenge: bytes(publicKey.challenge), allowCredentials: named(publicKey.allowCredentials),
    } });
    const { response } = shown;
    return { ...face(shown), response: {
      clientDataJSON: text(response.clientDataJSON),
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      userHandle: response.userHandle ? text(response.userHandle) : null,
    } };
  };
  const face = (credential) => ({
    id: credential.id, rawId: text(credential.rawId), type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
  });

  /* data-passkey: make | show. The options stand on the button, or are fetched from where it says. */
  const options = async (button) => {
    if (button.dataset.options) return JSON.parse(button.dataset.options);
    const answer = await fetch(button.dataset.from, { headers: { Accept: "application/json" } });
    return (await answer.json()).request_options;
  };
  const press = async (button) => {
    const form = button.form;
    const failed = form.querySelector("[data-passkey-failed]");
    failed.hidden = true;
    button.disabled = true;
    try {
      const asked = await options(button);
      const credential = await (button.dataset.passkey === "make" ? make : show)(asked);
      form.querySelector("[name=credential]").value = JSON.stringify(credential);
      form.dispatchEvent(new Event("submit", { cancelable: true, bubbles: true }));
      HTMLFormElement.prototype.submit.call(form);
    } catch {
      failed.hidden = false;
      button.disabled = false;
      button.focus();
    }
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-passkey]");
    if (button) press(button);
  });
  const possible = Boolean(window.PublicKeyCredential && navigator.credentials);
  const reveal = () => document.querySelectorAll("[data-passkeys]").forEach((part) => { part.hidden = !possible; });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", reveal);
  else reveal();
})();
