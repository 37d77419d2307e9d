/** Keeps the keyboard's place: when what had the focus goes away, it goes back to where it was before. */

const REMEMBERED = 12;

/** @param {Element | undefined} element @returns {element is HTMLElement} */
const canTakeIt = (element) => element instanceof HTMLElement && element.isConnected && element.checkVisibility() && !element.closest("[inert]") && !(/** @type {any} */ (element).disabled);

/**
 * @param {HTMLElement} root
 * @param {{sources: import("./mount.js").Source[], otherwise: () => HTMLElement | null}} options `sources` wake when something may have gone; `otherwise`: where to when nothing is left of where it was
 * @returns {() => void} undo
 */
export function keepFocus(root, { sources, otherwise }) {
  /** @type {HTMLElement[]} newest last */
  let been = [];
  let timer = 0;

  /** @param {FocusEvent} event */
  function remember({ target }) {
    if (target instanceof HTMLElement) been = [...been.filter((one) => one !== target), target].slice(-REMEMBERED);
  }
  function check() {
    timer = 0;
    const lost = !document.activeElement || document.activeElement === document.body;
    if (!lost || !been.length || canTakeIt(been.at(-1))) return;
    been = been.filter(canTakeIt);
    (been.at(-1) ?? otherwise())?.focus({ preventScroll: true });
  }
  // After the frame in which views have rendered: only then the browser has let go of what they took away.
  const wake = () => void (timer ||= requestAnimationFrame(() => (timer = window.setTimeout(check, 60))));

  root.addEventListener("focusin", remember);
  const undo = sources.map((source) => source(wake));
  return () => {
    root.removeEventListener("focusin", remember);
    undo.forEach((step) => step());
  };
}
