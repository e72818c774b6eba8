// The editor without a page load for each button: posts its form and puts the answer where the page has it.
// Saving is a plain form; without this script all of it is.
"use strict";

const PAUSE = 250; // milliseconds without a key: a question for each letter would be a waste

const form = document.getElementById("eessi-editor");
const part = document.getElementById("eessi-part");
const typed = document.getElementById("eessi-typed");
const release = document.getElementById("eessi-release");
const save = document.getElementById("eessi-save");
const status = document.getElementById("eessi-status");
const away = document.getElementById("eessi-away");
let asking = new AbortController();
let pause = 0;

// Posts what the form holds, as `button` would; returns whether the answer is shown.
async function ask(button) {
  clearTimeout(pause);
  // An earlier answer must not come after a later one.
  asking.abort();
  asking = new AbortController();
  const fields = new URLSearchParams([...new FormData(form)]);
  if (button) fields.set(button.name, button.value);
  try {
    const answer = await fetch(form.dataset.part, { method: "POST", body: fields, signal: asking.signal });
    if (answer.status === 403) {
      // The login has ended: the page itself leads through it again, and comes back with the same fields.
      fields.delete("_xsrf");
      location.assign(`${form.getAttribute("action")}?${fields}`);
      return false;
    }
    if (!answer.ok) throw new Error(answer.statusText);
    part.innerHTML = await answer.text(); // written by the service, which escapes what is not its own
    const shown = part.querySelector("[data-summary]").dataset;
    status.textContent = shown.summary;
    if (button) {
      typed.value = shown.typed;
      release.value = shown.release;
    }
    away.hidden = true;
    return true;
  } catch (error) {
    if (error.name !== "AbortError") away.hidden = false;
    return false;
  }
}

// The button that was pressed is gone: who works by keyboard goes on from what is nearest.
function focusAfter(name, place) {
  if (name === "remove") {
    const left = part.querySelectorAll("button[name=remove]");
    (left[Math.min(place, left.length - 1)] || typed).focus();
  } else {
    typed.focus();
  }
}

form.addEventListener("submit", async (event) => {
  const button = event.submitter;
  if (button === save) return;
  event.preventDefault();
  const place = [...part.querySelectorAll(`button[name=${button.name}]`)].indexOf(button);
  if (await ask(button)) focusAfter(button.name, place);
});
// Enter presses a form's first button, which finds modules; in what is called a name it means to save.
for (const field of [form.elements.title, form.elements.name]) {
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    form.requestSubmit(save);
  });
}
typed.addEventListener("input", () => {
  clearTimeout(pause);
  pause = setTimeout(ask, PAUSE);
});
release.addEventListener("change", () => ask());
