/** The event feed: newest first, with a filter; each line leads to the object it is about. */

import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { age, since } from "../format.js";
import { t } from "../i18n/index.js";
import { both, everySoOften, mount } from "../ui/mount.js";
import { emptyState } from "../ui/parts.js";
import { subject } from "../why/events.js";

/** @typedef {import("../context.js").Context} Context @typedef {import("../types.js").Thin} Thin */

const MOST = 200;

/** @param {Context} context @param {Thin[]} events @param {{object: boolean}} show */
export function eventList(context, events, { object }) {
  const sorted = [...events].sort((a, b) => (b.last ?? "").localeCompare(a.last ?? "")).slice(0, MOST);
  return html`<ol class="events">${repeat(sorted, (event) => event.uid, (event) => row(context, event, object))}</ol>`;
}

/** @param {Context} context @param {Thin} event @param {boolean} object */
function row(context, event, object) {
  const passed = since(event.last ?? event.created, context.store.now());
  const about = event.about;
  const known = subject(context, event);
  const name = about ? `${about.kind} ${about.name}` : "";
  return html`<li class="event ${event.type === "Warning" ? "event-warning" : ""}">
    <span class="event-when">${passed === undefined ? "" : age(passed)}</span>
    <span class="event-reason">${event.reason}${(event.count ?? 1) > 1 ? html` <span class="event-count">×${event.count}</span>` : nothing}</span>
    ${object ? html`<span class="event-about">${known ? html`<button class="link" type="button" @click=${() => context.select(known.uid)}>${name}</button>` : name}</span>` : nothing}
    <span class="event-message">${event.message}</span>
  </li>`;
}

/** @param {HTMLElement} element @param {Context} context @returns {() => void} undo */
export function mountEvents(element, context) {
  let warnings = false;
  let wakeUp = () => {};
  /** @param {boolean} only */
  const choose = (only) => {
    warnings = only;
    wakeUp();
  };
  function view() {
    const { namespace } = context.ui.get();
    const all = context.store.all("Event").filter((event) => (!warnings || event.type === "Warning") && (!namespace || (event.about?.ns ?? event.ns) === namespace));
    return html`<div class="events-head" role="group" aria-label=${t("events.filter")}>
        <button class="chip" type="button" aria-pressed=${!warnings} @click=${() => choose(false)}>${t("events.all")}</button>
        <button class="chip" type="button" aria-pressed=${warnings} @click=${() => choose(true)}>${t("events.warnings")}</button>
      </div>
      <div class="events-body" tabindex="0" role="region" aria-label=${t("drawer.events")}>${all.length ? eventList(context, all, { object: true }) : emptyState(t("events.empty"), t("events.emptyHint"))}</div>`;
  }
  /** @type {import("../ui/mount.js").Source} */
  const own = (wake) => {
    wakeUp = wake;
    return () => {};
  };
  return mount(element, view, { sources: [...both(context), everySoOften(1000), own], everyMs: 150 });
}
