// The desk's only script: it asks the browser for a passkey where a form needs one, and knows a few keys.
"use strict";
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(Array.from(new Uint8Array(buffer), (b) => String.fromCharCode(b)).join(""))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  // from JSON to what browsers take, and back (Web Authentication Level 3, 5.1.8 to 5.1.10)
  const asked = (options) => {
    const made = { ...options, challenge: bytes(options.challenge) };
    for (const list of ["allowCredentials", "excludeCredentials"])
      if (made[list]) made[list] = made[list].map((one) => ({ ...one, id: bytes(one.id) }));
    if (made.user) made.user = { ...made.user, id: bytes(made.user.id) };
    return made;
  };
  const answered = (credential) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
      if (credential.response[name]) response[name] = text(credential.response[name]);
    return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
  };

  const put = (form, name, value) => {
    let field = form.querySelector(`input[name=${name}]`);
    if (!field) form.append((field = Object.assign(document.createElement("input"), { type: "hidden", name })));
    field.value = value;
  };
  // a form's parts may stand outside it
  const saying = (form) => [...form.elements].find((part) => part.classList.contains("saying"));
  const say = (form, what, wrong) => {
    const place = saying(form);
    place.textContent = what;
    place.classList.toggle("wrong", Boolean(wrong));
  };
  const busy = (form, on) => {
    for (const part of form.elements) if (part.type === "submit") part.disabled = on;
  };

  const signed = async (form, act, thing) => {
    const said = new URLSearchParams(new FormData(form));
    said.set("act", act);
    said.set("thing", thing);
    const answer = await fetch("/desk/challenge", { method: "POST", body: said });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.problem);
    const publicKey = asked(told.publicKey);
    const way = form.dataset.touch === "create" ? "create" : "get";
    return [told.nonce, answered(await navigator.credentials[way]({ publicKey }))];
  };

  const touch = async (form, button) => {
    const from = button && button.dataset.act ? button : form;
    const words = saying(form).dataset;
    // nobody is asked for a key to say nothing
    const said = [...form.elements].some((part) => part.name.startsWith("say-") && part.value.trim());
    if (words.unsaid && !said) return say(form, words.unsaid, true);
    if (!window.PublicKeyCredential) return say(form, words.lacking, true);
    busy(form, true);
    say(form, words.waiting);
    try {
      const [nonce, credential] = await signed(form, from.dataset.act, from.dataset.thing || "");
      put(form, "nonce", nonce);
      put(form, "credential", credential);
      if (button && button.hasAttribute("formaction")) form.action = button.formAction;
      // what is disabled is not sent, and no button has a value: they stay as they are
      form.submit();
    } catch (wrong) {
      busy(form, false);
      const refused = wrong.name === "NotAllowedError" || wrong.name === "AbortError";
      say(form, refused ? words.cancelled : wrong.name === "Error" ? wrong.message : words.lacking, true);
    }
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.touch) return;
    event.preventDefault();
    touch(form, event.submitter);
  });
  // a page that a browser kept while another was shown
  window.addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => busy(form, false)));

  // Keys, which anybody can switch off (WCAG 2.2, 2.1.4).
  const help = document.querySelector("[data-keys]");
  const items = [...document.querySelectorAll("[data-item]")];
  if (!help || !items.length) return;
  const tick = document.getElementById("single-keys");
  const kept = {
    get off() { try { return localStorage.getItem("single-keys") === "off"; } catch { return false; } },
    set off(off) { try { localStorage.setItem("single-keys", off ? "off" : "on"); } catch { /* not kept */ } },
  };
  tick.checked = !kept.off;
  tick.addEventListener("change", () => (kept.off = !tick.checked));

  const here = () => items.findIndex((item) => item.contains(document.activeElement));
  const go = (to) => {
    const item = items[Math.min(Math.max(to, 0), items.length - 1)];
    item.focus({ preventScroll: true });
    item.scrollIntoView({ block: "start" });
  };
  const press = (key) => {
    const button = items[Math.max(here(), 0)].querySelector(`[data-key=${key}]`);
    if (button) button.click();
  };
  const open = () => {
    const details = items[Math.max(here(), 0)].querySelector("details");
    if (details) details.open = !details.open;
  };
  const does = {
    j: () => go(here() + 1), k: () => go(here() - 1), r: () => press("r"), w: () => press("w"), o: open,
    "?": () => (help.open = !help.open),
  };
  document.addEventListener("keydown", (event) => {
    const writing = event.target.closest("input:not([type=checkbox]), textarea, select");
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || writing || !tick.checked) return;
    if (!Object.hasOwn(does, event.key)) return;
    event.preventDefault();
    does[event.key]();
  });
})();
