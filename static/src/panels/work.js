/** What takes a while: how far it is, and a way to stop it. Time on its way to a goal, a node being drained, many documents. */

import { html, nothing } from "lit";
import { attempt, clock } from "../actions.js";
import { age } from "../format.js";
import { t } from "../i18n/index.js";
import { kubectl } from "../kubectl.js";
import { both, everySoOften, mount } from "../ui/mount.js";

/** @typedef {import("../context.js").Context} Context @typedef {import("../types.js").Thin} Thin */
/** @typedef {{label: string, done?: number, total?: number, cancel: () => unknown}} Work without numbers: nobody knows how far it is */

/** @param {Thin} pod */
const leaves = (pod) => !pod.static && pod.owner?.kind !== "DaemonSet" && pod.phase !== "Succeeded" && pod.phase !== "Failed";

/** The pods that a drain still has to move. @param {import("../store.js").Store} store @param {string} node */
export const leftOn = (store, node) => [...store.podsOn(node)].map((uid) => store.kind("Pod").get(uid)).filter((pod) => pod && leaves(pod)).length;

/** @param {Context} context @returns {Work[]} */
function goal(context) {
  const { clock: state } = context.store.state;
  if (!state?.goal) return [];
  const { action, begun, until } = state.goal;
  const passed = Math.max(0, state.now - begun) / 1e6;
  const whole = action === "advance" ? { done: passed, total: (until - begun) / 1e6 } : {};
  return [{ label: t(`work.${action}`, { time: age(passed), all: age((until - begun) / 1e6) }), ...whole, cancel: () => clock(context, { action: "cancel" }) }];
}

/** @param {Context} context @returns {Work[]} */
function drains(context) {
  const { store, ui, api } = context;
  return ui.get().draining.flatMap(({ name, total }) => {
    const left = leftOn(store, name);
    const node = store.named("Node", undefined, name);
    if (!left || !node?.unschedulable) return [];
    const line = kubectl.uncordon(name);
    const cancel = () => attempt(context, { done: t("done.node.uncordon", { name }), line }, () => api.nodeVerb(name, "uncordon"));
    return [{ label: t("work.drain", { name, n: left }), done: Math.max(0, total - left), total: Math.max(total, left), cancel }];
  });
}

/** @param {Work} work */
const card = ({ label, done, total, cancel }) => html`<div class="work">
  <p class="work-label" role="status">${label}</p>
  <progress class="work-bar" aria-label=${label} max=${total ?? nothing} value=${total ? (done ?? 0) : nothing}></progress>
  <button class="button" type="button" @click=${cancel}>${t("work.stop")}</button>
</div>`;

/** @param {HTMLElement} element @param {Context} context */
export function mountWork(element, context) {
  const view = () => {
    const { work } = context.ui.get();
    const all = [...(work ? [work] : []), ...goal(context), ...drains(context)];
    return all.length ? html`<div class="works">${all.map(card)}</div>` : nothing;
  };
  return mount(element, view, { sources: [...both(context), everySoOften(500)], everyMs: 100 });
}
