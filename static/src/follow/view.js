/**
 * What a presenter's page shows, as it travels to those who follow, and how it is taken up there. Pure.
 *
 * @typedef {object} View all optional: what is missing stays as it is
 * @property {string | null} [selected] uid
 * @property {string} [tab]
 * @property {import("../diagram/frame.js").Frame | null} [frame]
 * @property {Record<string, any>} [layers]
 * @property {boolean} [presenter]
 * @property {string} [caption]
 * @property {import("../why/hops.js").Shown | null} [trace]
 * @property {number | null} [past] the revision that is shown, null: now
 */

import { isShown } from "../why/hops.js";

const LAYERS = /** @type {const} */ (["system", "services", "owners"]);
const TABS = ["facts", "events"];

/** @param {import("../context.js").Ui} ui @param {import("../diagram/frame.js").Frame | null} frame @param {number | null} [past] @returns {View} */
export function viewOf(ui, frame, past = null) {
  const layers = { ...Object.fromEntries(LAYERS.map((key) => [key, ui[key]])), namespace: ui.namespace };
  return { selected: ui.selected, tab: ui.tab, frame, layers, presenter: ui.presenter, caption: ui.caption, trace: ui.trace, past };
}

/** What of it a follower's page takes over; what does not fit is left out. @param {any} view @returns {Partial<import("../context.js").Ui>} */
export function takenFrom(view) {
  /** @type {any} */
  const ui = {};
  if (view?.selected === null || typeof view?.selected === "string") ui.selected = view.selected;
  if (TABS.includes(view?.tab)) ui.tab = view.tab;
  if (typeof view?.caption === "string") ui.caption = view.caption;
  if (typeof view?.presenter === "boolean") ui.presenter = view.presenter;
  for (const key of LAYERS) if (typeof view?.layers?.[key] === "boolean") ui[key] = view.layers[key];
  if (typeof view?.layers?.namespace === "string") ui.namespace = view.layers.namespace;
  if (view?.trace === null || isShown(view?.trace)) ui.trace = view.trace;
  return ui;
}
