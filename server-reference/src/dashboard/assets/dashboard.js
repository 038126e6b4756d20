// What needs a script and nothing else: copying, ticking all boxes, sending once. Pages work without it.
"use strict";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const status = button.parentElement.querySelector("[role=status]");
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    if (status) status.textContent = "Copied";
  } catch {
    // Without the permission, the text is marked so that the keyboard copies it.
    getSelection().selectAllChildren(source);
    if (status) status.textContent = "Marked: copy it with the keyboard";
  }
});

document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-all]");
  if (!all) return;
  for (const box of all.form.querySelectorAll(`input[name="${all.dataset.all}"]`)) box.checked = all.checked;
});

// A double click sends a form once: a second key would be made, and the first never seen. The page may stay, where the
// answer is a file, so that later the form can be sent again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 3000);
});

// What only works with a script is shown only where there is one: in the page, and in what htmx puts into it later.
function show() {
  for (const element of document.querySelectorAll("[data-script]")) element.hidden = false;
}
show();
document.addEventListener("htmx:afterSwap", show);

// A list of errors comes into focus, so that a screen reader says it first.
document.querySelector("[data-errors]")?.focus();
