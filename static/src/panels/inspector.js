/** The inspector: everything about the selected object, in tabs, with what can be done to it. */

import { html, nothing } from "lit";
import { until } from "lit/directives/until.js";
import { actionsFor, refOf } from "../actions.js";
import { RESOURCES } from "../api.js";
import { t } from "../i18n/index.js";
import { kubectl } from "../kubectl.js";
import { icon } from "../ui/icons.js";
import { both, everySoOften, mount } from "../ui/mount.js";
import { actionButton, sameLine } from "../ui/parts.js";
import { eventList } from "./events.js";
import { facts } from "./facts.js";
import { hintsOf, rolloutOf, storyOf } from "./reasons.js";
import { decision, stoppedScheduler } from "./why.js";
import { eventsAbout, isAbout } from "../why/events.js";
import { yamlOf } from "./yaml.js";

/** @typedef {import("../context.js").Context} Context @typedef {import("../types.js").Thin} Thin */

/** @param {Thin} thin @param {boolean} readonly @returns {Array<import("../context.js").Ui["tab"]>} */
function tabsOf(thin, readonly) {
  if (!RESOURCES[thin.k]) return ["facts"];
  if (readonly) return ["facts", "events"];
  const own = /** @type {Array<"why" | "rollout">} */ (thin.k === "Pod" ? ["why"] : thin.k === "Deployment" ? ["rollout"] : []);
  return ["facts", ...own, "story", "events", "yaml"];
}

/** @param {Context} context @param {Thin} thin */
function events(context, thin) {
  const about = context.store.all("Event").filter((event) => event.about?.uid === thin.uid || (event.about?.kind === thin.k && event.about?.name === thin.name && (event.about?.ns ?? "") === (thin.ns ?? "")));
  return about.length ? eventList(context, about, { object: false }) : html`<p class="empty-hint">${t("inspector.noEvents")}</p>`;
}

/** What one would type instead: to look at it, or, of what is no object, to do what its button does. @param {Context} context @param {Thin} thin @param {string} tab @param {import("../actions.js").Action[]} actions */
function foot(context, thin, tab, actions) {
  if (context.readonly) return nothing;
  const look = tab === "yaml" ? kubectl.get(refOf(thin)) : kubectl.describe(refOf(thin));
  const line = RESOURCES[thin.k] ? look : actions[0]?.line;
  return line ? html`<div class="inspector-foot">${sameLine(context, line)}</div>` : nothing;
}

/** All of them, also those the feed has passed over. @param {Context} context @param {Thin} thin */
async function eventsOf(context, thin) {
  const about = await eventsAbout(context, thin);
  return about.length ? eventList(context, about, { object: false }) : html`<p class="empty-hint">${t("inspector.noEvents")}</p>`;
}

/** @param {HTMLElement} element @param {Context} context @returns {() => void} undo */
export function mountInspector(element, context) {
  const { ui, store } = context;
  /** @type {{key: string, content: Promise<unknown>}} */
  let asked = { key: "", content: Promise.resolve(nothing) };

  /** Ask the server once per object version and tab. @param {Thin} thin @param {string} tab @param {() => Promise<unknown>} ask @param {unknown} [meanwhile] */
  function remote(thin, tab, ask, meanwhile = html`<p class="loading" role="status">${t("inspector.loading")}</p>`) {
    const key = `${tab}/${thin.uid}/${thin.rv}`;
    if (asked.key !== key) asked = { key, content: ask().catch((error) => html`<p class="problem" role="alert">${error.message}</p>`) };
    return until(asked.content, meanwhile);
  }

  /** Asked again when the feed tells of another event about it. @param {Thin} thin */
  const told = (thin) => store.all("Event").filter((event) => isAbout(event, thin)).map((event) => event.rv).join();

  /** @param {Thin} thin @param {string} tab */
  function body(thin, tab) {
    if (tab === "events") return context.readonly ? events(context, thin) : remote(thin, `events/${told(thin)}`, () => eventsOf(context, thin));
    if (tab === "yaml") return remote(thin, tab, () => yamlOf(context, thin));
    if (tab === "why") return remote(thin, `why/${stoppedScheduler(context) ? "stopped" : ""}`, () => decision(context, thin));
    if (tab === "rollout") return remote(thin, tab, () => rolloutOf(context, thin));
    if (tab === "story") return remote(thin, tab, () => storyOf(context, thin));
    return html`${facts(context, thin)} ${RESOURCES[thin.k] && !context.readonly ? remote(thin, tab, () => hintsOf(context, thin), nothing) : nothing}`;
  }

  /** @param {Thin} thin @param {string[]} tabs @param {string} chosen */
  function tabList(thin, tabs, chosen) {
    if (tabs.length < 2) return nothing;
    return html`<div class="tabs" role="tablist" aria-label=${thin.name} @keydown=${arrowTabs}>
      ${tabs.map(
        (tab) => html`<button class="tab" type="button" role="tab" id="tab-${tab}" aria-controls="inspector-body" aria-selected=${tab === chosen} tabindex=${tab === chosen ? 0 : -1}
          @click=${() => ui.set({ tab: /** @type {any} */ (tab) })}>${t(`inspector.${tab}`)}</button>`,
      )}
    </div>`;
  }

  function view() {
    const { selected, tab: wanted } = ui.get();
    const thin = selected ? store.byUid(selected) : undefined;
    if (!thin) return nothing;
    const tabs = tabsOf(thin, context.readonly);
    const tab = tabs.includes(wanted) ? wanted : "facts";
    const actions = actionsFor(context, thin);
    return html`<div class="inspector-head">
        <div class="inspector-title"><span class="kind">${thin.k}</span><h2>${thin.name}</h2></div>
        <button class="button button-quiet button-icon" type="button" aria-label=${t("inspector.close")} title=${t("inspector.close")} @click=${() => context.select(null)}>${icon("close")}</button>
      </div>
      ${actions.length ? html`<div class="actions" role="group" aria-label=${t("inspector.actions")}>${actions.map(actionButton)}</div>` : nothing} ${tabList(thin, tabs, tab)}
      <div class="inspector-body" id="inspector-body" role=${tabs.length > 1 ? "tabpanel" : nothing} aria-labelledby=${tabs.length > 1 ? `tab-${tab}` : nothing} tabindex="0">
        ${body(thin, tab)}
      </div>
      ${foot(context, thin, tab, actions)}`;
  }

  return mount(element, view, { sources: [...both(context), everySoOften(1000)], everyMs: 60 });
}

/** Arrow keys between tabs. @param {KeyboardEvent} event */
export function arrowTabs(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const tabs = [.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll("[role=tab]")];
  const next = /** @type {HTMLElement} */ (tabs[(tabs.indexOf(/** @type {Element} */ (document.activeElement)) + step + tabs.length) % tabs.length]);
  event.preventDefault();
  next.click();
  next.focus();
}
