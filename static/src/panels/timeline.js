/** The scrubber over history: any remembered revision in the same picture, what differs from now, and a new cluster from there. */

import { html, nothing } from "lit";
import { attempt } from "../actions.js";
import { readAddress } from "../address.js";
import { timeOfDay } from "../format.js";
import { t } from "../i18n/index.js";
import { icon } from "../ui/icons.js";
import { mount } from "../ui/mount.js";

/** @typedef {import("../context.js").Context} Context @typedef {import("../types.js").Thin} Thin */
/** @typedef {[number, "created" | "updated" | "deleted", string, string, string, string]} Happening revision, verb, kind, namespace, name, time */

const ASK_AFTER_MS = 60;
const SHOWN_DIFFERENCES = 60;

/** What became of the objects between two pictures. @param {Thin[]} then @param {Thin[]} now */
export function differences(then, now) {
  const old = new Map(then.filter(compared).map((thin) => [thin.uid, thin]));
  const fresh = new Map(now.filter(compared).map((thin) => [thin.uid, thin]));
  return [
    ...[...fresh.values()].filter((thin) => !old.has(thin.uid)).map((thin) => ({ sign: "+", thin })),
    ...[...old.values()].filter((thin) => !fresh.has(thin.uid)).map((thin) => ({ sign: "−", thin })),
    ...[...fresh.values()].filter((thin) => old.has(thin.uid) && old.get(thin.uid)?.rv !== thin.rv).map((thin) => ({ sign: "~", thin })),
  ];
}

/** @param {Thin} thin */
const compared = (thin) => thin.k !== "Event" && thin.k !== "Component";

/** @param {HTMLElement} element @param {Context} context @returns {() => void} undo */
export function mountTimeline(element, context) {
  const { ui, api, store } = context;
  const state = { revisions: /** @type {number[]} */ ([]), at: -1, compare: /** @type {ReturnType<typeof differences> | null} */ (null), forking: false, problem: "" };
  /** What changed at the revisions that were looked at. @type {Map<number, Happening[]>} */
  const known = new Map();
  let timer = 0;
  let asked = 0;
  let wakeUp = () => {};
  /** @param {Partial<typeof state>} patch */
  const set = (patch) => (Object.assign(state, patch), wakeUp());
  const failed = (/** @type {unknown} */ error) => set({ problem: error instanceof Error ? error.message : String(error) });

  async function open() {
    set({ revisions: [], at: -1, compare: null, forking: false, problem: "" });
    known.clear();
    const [{ revisions }, { changes }] = await Promise.all([api.revisions(), api.changes(1)]);
    if (changes.length) known.set(changes[0][0], /** @type {Happening[]} */ (changes));
    const wanted = Number(readAddress().revision ?? Infinity);
    const at = revisions.filter((revision) => revision <= wanted).length - 1;
    set({ revisions, at: at < 0 ? revisions.length - 1 : at });
    if (at >= 0 && at < revisions.length - 1) await show(at);
  }

  /** The picture of then; what changed there is remembered. @param {number} at */
  async function ask(at) {
    const frame = await api.past(state.revisions[at]);
    known.set(state.revisions[at], frame.changes ?? []);
    wakeUp();
    return frame;
  }

  /** @param {number} index */
  function go(index) {
    const at = Math.min(Math.max(0, index), state.revisions.length - 1);
    set({ at, compare: null, problem: "" });
    clearTimeout(timer);
    timer = window.setTimeout(() => show(at).catch(failed), ASK_AFTER_MS);
  }

  /** @param {number} at */
  async function show(at) {
    const mine = (asked += 1);
    const frame = await ask(at);
    if (mine === asked && ui.get().timeline) store.showPast(frame);
  }

  async function compare() {
    if (state.compare) return set({ compare: null });
    const { last } = await api.revisions();
    const [then, now] = await Promise.all([api.past(state.revisions[state.at]), api.past(last)]);
    return set({ compare: differences(then.objects, now.objects) });
  }

  function leave() {
    clearTimeout(timer);
    asked += 1;
    if (store.state.past !== null) {
      store.leavePast();
      context.resync?.();
    }
  }

  /** @param {SubmitEvent} event */
  async function fork(event) {
    event.preventDefault();
    const name = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("name") ?? "").trim();
    let made = name; // a class adds letters to it
    const done = await attempt(context, { done: t("timeline.forked", { name }) }, async () => {
      made = (await api.fork({ name, revision: state.revisions[state.at] })).name;
    });
    if (done) location.assign(`/clusters/${encodeURIComponent(made)}/`);
  }

  const forkForm = () => html`<form class="timeline-fork" @submit=${fork}>
    <label><span>${t("timeline.forkName")}</span><input name="name" required maxlength="63" pattern="[a-z0-9]([a-z0-9\\-]*[a-z0-9])?" value="${context.cluster}-${state.revisions[state.at] ?? ""}" /></label>
    <button class="button button-primary" type="submit">${t("timeline.create")}</button>
  </form>`;

  /** @param {ReturnType<typeof differences>} list */
  const differenceList = (list) => html`<ul class="timeline-differences" tabindex="0" aria-label=${t("timeline.compare")}>
    ${list.length ? list.slice(0, SHOWN_DIFFERENCES).map(({ sign, thin }) => html`<li><span class="difference-sign">${sign}</span>${thin.k} ${thin.ns ? `${thin.ns}/` : ""}${thin.name}</li>`) : html`<li>${t("timeline.same")}</li>`}
    ${list.length > SHOWN_DIFFERENCES ? html`<li class="muted">${t("diagram.more", { n: list.length - SHOWN_DIFFERENCES })}</li>` : nothing}
  </ul>`;

  /** What happened there, in words; "" until it is known. @param {number} revision */
  function happened(revision) {
    const changes = known.get(revision) ?? [];
    return changes.map(([, verb, kind, ns, name]) => t(`timeline.${verb}`, { name: `${kind} ${ns ? `${ns}/` : ""}${name}` })).join(", ");
  }

  /** @param {number} revision */
  function caption(revision) {
    const time = known.get(revision)?.[0]?.[5];
    return html`<p class="timeline-caption" role="status">
      <strong>${t("timeline.revision", { n: revision })}</strong>${time ? html` <span class="muted">${timeOfDay(Date.parse(time) * 1000)}</span>` : nothing}
      <span>${happened(revision)}</span>
    </p>`;
  }

  function view() {
    if (!ui.get().timeline) return nothing;
    const { revisions, at } = state;
    const revision = revisions[at];
    if (!revision) return html`<section class="timeline" aria-label=${t("timeline.label")}>${state.problem ? html`<p class="problem" role="alert">${state.problem}</p>` : html`<p class="loading" role="status">${t("timeline.loading")}</p>`}</section>`;
    const text = [t("timeline.revision", { n: revision }), happened(revision)].filter(Boolean).join(": ");
    return html`<section class="timeline ${store.state.past === null ? "" : "timeline-past"}" aria-label=${t("timeline.label")}>
      ${state.compare ? differenceList(state.compare) : nothing} ${state.forking ? forkForm() : nothing} ${state.problem ? html`<p class="problem" role="alert">${state.problem}</p>` : nothing}
      <div class="timeline-row">
        ${step("back", t("timeline.earlier"), at > 0, () => go(at - 1))}
        <input class="timeline-range" type="range" min="0" max=${revisions.length - 1} .value=${String(at)} aria-label=${t("timeline.label")} aria-valuetext=${text} @input=${(/** @type {any} */ event) => go(Number(event.target.value))} />
        ${step("chevron", t("timeline.later"), at < revisions.length - 1, () => go(at + 1))}
      </div>
      <div class="timeline-row">${caption(revision)}
        <button class="button" type="button" aria-pressed=${!!state.compare} @click=${() => compare().catch(failed)}>${t("timeline.compare")}</button>
        <button class="button" type="button" aria-expanded=${state.forking} @click=${() => set({ forking: !state.forking })}>${t("timeline.fork")}</button>
        <button class="button button-primary" type="button" @click=${() => ui.set({ timeline: false })}>${t("timeline.now")}</button>
      </div>
    </section>`;
  }

  /** @param {string} name @param {string} label @param {boolean} possible @param {() => void} run */
  const step = (name, label, possible, run) => html`<button class="button button-quiet button-icon" type="button" aria-label=${label} title=${label} ?disabled=${!possible} @click=${run}>${icon(name)}</button>`;

  /** @type {import("../ui/mount.js").Source} */
  const own = (wake) => {
    wakeUp = wake;
    return () => {};
  };
  const undo = [
    mount(element, view, { sources: [own, (wake) => store.subscribe(({ reset }) => reset && wake())] }),
    ui.subscribe((now, old) => {
      if (now.timeline === old.timeline) return;
      wakeUp();
      if (now.timeline) open().catch(failed);
      else leave();
    }),
  ];
  return () => [leave, ...undo].forEach((stop) => stop());
}
