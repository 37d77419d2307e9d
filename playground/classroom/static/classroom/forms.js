/** Asks before a form does what cannot be undone. Without script the forms work all the same. */
document.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.target)?.closest("[data-confirm]");
  if (button instanceof HTMLElement && !window.confirm(button.dataset.confirm)) event.preventDefault();
});
