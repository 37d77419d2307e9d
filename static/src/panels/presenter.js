/** Presenter mode: large type, strong contrast, and captions of what just happened, for a lecture hall. */

import { html, nothing } from "lit";
import { t } from "../i18n/index.js";
import { mount } from "../ui/mount.js";

const SHOWN_MS = 7000;
const MOST = 2;

/** @typedef {import("../types.js").Thin} Thin */

/** What to say about a change, if anything. @param {Thin} thin */
export const captionOf = (thin) => (thin.k === "Event" && thin.about ? `${thin.about.kind} ${thin.about.name}: ${thin.reason}` : "");

/** @param {HTMLElement} element @param {import("../context.js").Context} context @returns {() => void} undo */
export function mountPresenter(element, context) {
  const { ui, store } = context;
  /** @type {Array<{text: string, detail: string, until: number}>} */
  let captions = [];
  let wakeUp = () => {};

  /** @param {import("../types.js").Difference} difference */
  function hear({ put, reset }) {
    if (!ui.get().presenter || reset) return;
    const now = performance.now();
    const fresh = put.map((thin) => ({ text: captionOf(thin), detail: thin.message ?? "", until: now + SHOWN_MS })).filter(({ text }) => text);
    if (!fresh.length) return;
    captions = [...captions, ...fresh].slice(-MOST);
    wakeUp();
  }
  function forget() {
    const kept = captions.filter(({ until }) => until > performance.now());
    if (kept.length !== captions.length) ((captions = kept), wakeUp());
  }

  const view = () => (ui.get().presenter || ui.get().caption
    ? html`<section class="captions" role="log" aria-label=${t("presenter.captions")}>${ui.get().caption ? html`<p class="caption caption-said">${ui.get().caption}</p>` : nothing}${captions.map(({ text, detail }) => html`<p class="caption"><strong>${text}</strong> <span>${detail}</span></p>`)}</section>`
    : nothing);
  const show = () => document.documentElement.toggleAttribute("data-presenter", ui.get().presenter && !context.readonly);

  /** @param {KeyboardEvent} event */
  function shortcut(event) {
    if (event.key !== "F9") return;
    event.preventDefault();
    ui.set({ presenter: !ui.get().presenter });
  }
  let hadOutline = false;
  /** The picture has the hall's screen to itself. @param {boolean} presenting */
  function makeRoom(presenting) {
    if (presenting) hadOutline = ui.get().outline;
    ui.set({ outline: presenting ? false : hadOutline });
  }
  /** @type {import("../ui/mount.js").Source} */
  const own = (wake) => {
    wakeUp = wake;
    return ui.subscribe((now, old) => {
      if (now.presenter === old.presenter && now.caption === old.caption) return;
      show();
      wake();
      if (now.presenter !== old.presenter && !context.readonly) makeRoom(now.presenter);
    });
  };
  const undo = [mount(element, view, { sources: [own] }), store.subscribe(hear)];
  const timer = setInterval(forget, 500);
  document.addEventListener("keydown", shortcut);
  show();
  return () => {
    clearInterval(timer);
    document.removeEventListener("keydown", shortcut);
    undo.forEach((step) => step());
  };
}
