/** The bar of a demo: what is replayed here step by step, with a caption per step; or that this cluster is being recorded. */

import { html, nothing } from "lit";
import { attempt, clock } from "../actions.js";
import { t } from "../i18n/index.js";
import { createState } from "../state.js";
import { icon } from "../ui/icons.js";
import { both, mount } from "../ui/mount.js";

/** @typedef {import("../context.js").Context} Context @typedef {any} Demo */

/** @param {Context} context @returns {Demo | undefined} */
const demoOf = ({ store }) => store.all("Demo")[0];

/** @param {HTMLElement} element @param {Context} context @returns {() => void} undo */
export function mountDemoBar(element, context) {
  const { api, store } = context;
  /** What the replay says of itself, and what that is in the page's language. */
  const words = createState({ of: "", texts: /** @type {Record<string, string>} */ ({}) });
  const said = (/** @type {string} */ text) => words.get().texts[text] ?? text;

  /** Ask once per replay; until there is an answer its own words stand. @param {Demo} demo */
  async function translate(demo) {
    if (words.get().of === demo.name) return;
    words.set({ of: demo.name, texts: {} });
    try {
      words.set({ texts: (await api.demoState()).texts });
    } catch (error) {
      context.toast({ tone: "bad", text: error instanceof Error ? error.message : String(error) });
    }
  }

  const act = (/** @type {{action: string}} */ wanted, /** @type {string} */ done) => attempt(context, { done }, () => api.demo(wanted));

  /** One step on. What comes of it is in the picture and in the caption: only a failure is told. */
  async function step() {
    try {
      await api.demo({ action: "step" });
    } catch (error) {
      context.toast({ tone: "bad", text: error instanceof Error ? error.message : String(error) });
    }
  }

  /** @param {SubmitEvent} event */
  async function save(event) {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const title = String(form.get("title")).trim();
    const name = title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60) || "demo";
    await attempt(context, { done: t("demo.saved", { name: title }) }, async () => {
      await api.demo({ action: "stop" });
      await api.demo({ action: "save", name, title });
    });
  }

  /** @param {string} name @param {string} label @param {() => unknown} run @param {boolean} [possible] */
  const button = (name, label, run, possible = true) => html`<button class="button button-quiet" type="button" ?disabled=${!possible} @click=${run}>${icon(name)}<span>${label}</span></button>`;

  /** @param {Demo} demo */
  function replayed(demo) {
    void translate(demo);
    const state = store.state.clock;
    const pending = !demo.branched && demo.done < demo.total;
    return html`<div class="demobar-row">
        <strong class="demobar-name">${said(demo.name)}</strong>
        <span class="muted">${t("demo.step", { n: demo.done, total: demo.total })}</span>
        <progress class="demobar-progress" max=${demo.total} value=${demo.done} aria-label=${t("demo.label")}></progress>
        ${state?.paused ?? true ? button("play", t("clock.run"), () => clock(context, { action: "run" }), pending) : button("pause", t("clock.pause"), () => clock(context, { action: "pause" }))}
        ${button("step", t("demo.next"), step, pending)}
        ${pending ? button("node", t("demo.branch"), () => act({ action: "branch" }, t("demo.branched"))) : nothing}
      </div>
      <p class="demobar-caption" role="status">${demo.branched ? t("demo.branched") : said(demo.caption || demo.last || demo.next)}</p>`;
  }

  /** @param {Demo} demo */
  const recorded = (demo) => html`<form class="demobar-row" @submit=${save}>
    <span class="demobar-live" aria-hidden="true"></span><strong role="status">${t("demo.recording", { n: demo.recorded })}</strong>
    <label class="demobar-title"><span class="visually-hidden">${t("demo.title")}</span><input name="title" required maxlength="100" placeholder=${t("demo.title")} /></label>
    <button class="button button-primary" type="submit">${t("demo.save")}</button>
    <button class="button button-quiet" type="button" @click=${() => act({ action: "stop" }, t("demo.stopped"))}>${t("demo.stop")}</button>
  </form>`;

  function view() {
    const demo = demoOf(context);
    if (!demo) return nothing;
    return html`<section class="demobar" aria-label=${t("demo.label")}>${demo.recording ? recorded(demo) : nothing}${demo.total ? replayed(demo) : nothing}</section>`;
  }

  return mount(element, view, { sources: [...both(context), (wake) => words.subscribe(wake)], everyMs: 100 });
}
