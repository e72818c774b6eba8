// Search as you type: asks for the results alone and puts them where the page has them. Without it the form works.
"use strict";

const PAUSE = 150; // milliseconds without a key: a question for each letter would be a waste

const form = document.getElementById("eessi-search");
const results = document.getElementById("eessi-results");
const status = document.getElementById("eessi-status");
const away = document.getElementById("eessi-away");
let asking = new AbortController();
let pause = 0;

function question() {
  const fields = [...new FormData(form)].filter(([, value]) => value);
  return new URLSearchParams(fields).toString();
}

async function ask() {
  // An earlier answer must not come after a later one.
  asking.abort();
  asking = new AbortController();
  const asked = question();
  try {
    const answer = await fetch(`${form.dataset.results}?${asked}`, {
      headers: { "X-XSRFToken": form.dataset.xsrf },
      signal: asking.signal,
    });
    if (answer.status === 401) {
      // The login has ended: the page itself leads through it again.
      form.submit();
      return;
    }
    if (!answer.ok) throw new Error(answer.statusText);
    results.innerHTML = await answer.text(); // written by the service, which escapes what is not its own
    status.textContent = results.querySelector(".eessi-summary").textContent;
    away.hidden = true;
    history.replaceState(null, "", asked ? `?${asked}` : location.pathname);
  } catch (error) {
    if (error.name !== "AbortError") away.hidden = false;
  }
}

form.addEventListener("input", () => {
  clearTimeout(pause);
  pause = setTimeout(ask, PAUSE);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(pause);
  ask();
});
