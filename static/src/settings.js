/** What the page remembers between visits, on this machine only. */

const KEY = "playground.settings";
const KEPT = /** @type {const} */ (["theme", "outline", "system", "services", "owners"]);

/** @param {Storage} storage @returns {Partial<import("./context.js").Ui>} */
export function recall(storage) {
  try {
    const stored = JSON.parse(storage.getItem(KEY) ?? "{}");
    return Object.fromEntries(KEPT.filter((key) => key in stored).map((key) => [key, stored[key]]));
  } catch {
    return {}; // written by something else: start afresh
  }
}

/** @param {Storage} storage @param {import("./context.js").Context["ui"]} ui @returns {() => void} undo */
export function remember(storage, ui) {
  return ui.subscribe((now, old) => {
    if (now.presenter) return; // what a lecture hall is shown is arranged for the hour
    if (KEPT.some((key) => now[key] !== old[key])) storage.setItem(KEY, JSON.stringify(Object.fromEntries(KEPT.map((key) => [key, now[key]]))));
  });
}
