// What needs a script and nothing else: copying, and ticking all boxes. Pages work without it.
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

// What only works with a script is shown only where there is one: in the page, and in what htmx puts into it later.
function show() {
  for (const element of document.querySelectorAll("[data-script]")) element.hidden = false;
}
show();
document.addEventListener("htmx:afterSwap", show);

// A list of errors comes into focus, so that a screen reader says it first.
document.querySelector("[data-errors]")?.focus();
