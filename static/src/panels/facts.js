/** The facts about one object, as `kubectl describe` would order them. Rows of label and value; absent values leave no row. */

import { html, nothing } from "lit";
import { age, cpu, memory, pairs, since } from "../format.js";
import { t } from "../i18n/index.js";
import { serviceEndpoints } from "../diagram/scene.js";
import { statePill } from "../ui/parts.js";
import { subject } from "../why/events.js";

/** @typedef {import("../types.js").Thin} Thin @typedef {import("../context.js").Context} Context */

/** @param {string} key @param {unknown} value */
const fact = (key, value) => (value === undefined || value === null || value === "" || value === nothing ? nothing : html`<div class="fact"><dt>${t(`fact.${key}`)}</dt><dd>${value}</dd></div>`);

/** @param {Record<string, string> | undefined} labels */
const tags = (labels) => {
  const all = pairs(labels);
  return all.length ? html`<span class="tags">${all.map((text) => html`<span class="tag">${text}</span>`)}</span>` : nothing;
};

/** @param {Context} context @param {Thin | undefined} thin @param {string} [label] */
export const link = (context, thin, label) =>
  thin ? html`<button class="link" type="button" @click=${() => context.select(thin.uid)}>${label ?? thin.name}</button>` : (label ?? nothing);

/** @param {Context} context @param {Thin} thin */
function owner(context, thin) {
  const { owner: ref } = thin;
  if (!ref) return nothing;
  return link(context, ref.uid ? context.store.kind(ref.kind).get(ref.uid) : undefined, `${ref.kind} ${ref.name}`);
}

/** @param {Context} context @param {Thin} pod */
const podFacts = (context, pod) => html`
  ${fact("message", pod.msg)} ${fact("node", pod.node ? link(context, context.store.named("Node", undefined, pod.node), pod.node) : "–")}
  ${fact("ready", Array.isArray(pod.ready) ? `${pod.ready[0]}/${pod.ready[1]}` : nothing)} ${fact("restarts", pod.restarts ?? 0)}
  ${fact("addresses", pod.ip)} ${fact("controlledBy", owner(context, pod))}`;

/** @param {string} name @param {number} used @param {number} all @param {(n: number | undefined) => string} show */
function load(name, used, all, show) {
  return html`<div class="load">
    <div class="load-text"><span>${name}</span><span>${show(used)} / ${show(all)}</span></div>
    <meter class="meter" min="0" max=${all || 1} high=${(all || 1) * 0.9} value=${used} aria-label="${name} ${show(used)} / ${show(all)}"></meter>
  </div>`;
}

/** How full a node is. @param {Context} context @param {Thin} node */
function loads(context, node) {
  const all = node.allocatable ?? node.capacity ?? {};
  const used = node.requested ?? {};
  const pods = context.store.podsOn(node.name).size;
  return html`<div class="loads">
    ${load(t("fact.cpu"), used.cpu ?? 0, all.cpu ?? 0, cpu)} ${load(t("fact.memory"), used.memory ?? 0, all.memory ?? 0, memory)}
    ${load(t("fact.pods"), pods, all.pods ?? 110, (n) => String(n ?? "–"))}
  </div>`;
}

/** @param {Context} _context @param {Thin} node */
const nodeFacts = (_context, node) => html`
    ${fact("role", node.role)} ${fact("zone", node.zone)} ${fact("addresses", node.ip)}
    ${fact("taints", node.taints?.length ? html`<span class="tags">${node.taints.map((one) => html`<span class="tag">${one}</span>`)}</span>` : nothing)}
    ${fact("conditions", conditions(node))}`;

/** @param {Thin} thin */
function conditions({ conditions: given }) {
  if (!given) return nothing;
  const list = Array.isArray(given) ? given : Object.entries(given).map(([type, status]) => ({ type, status, reason: "", message: "" }));
  return html`<ul class="conditions">${list.map((one) => html`<li title=${one.message || nothing}><span>${one.type}</span><span class="muted">${one.reason || one.status}</span></li>`)}</ul>`;
}

/** @param {Context} context @param {Thin} thin */
const workloadFacts = (context, thin) => html`
  ${fact("ready", `${Number(thin.ready ?? 0)}/${thin.desired ?? 0}`)} ${fact("updated", thin.updated)} ${fact("available", thin.available)}
  ${fact("revision", thin.revision)} ${fact("controlledBy", owner(context, thin))}`;

/** @param {any} port */
const portText = (port) => (typeof port === "object" ? `${port.name ? `${port.name} ` : ""}${port.port}${port.targetPort ? ` → ${port.targetPort}` : ""}/${port.protocol ?? "TCP"}` : String(port));

/** @param {Context} context @param {Thin} service */
function serviceFacts(context, service) {
  const ends = serviceEndpoints(context.store, service);
  const list = ends.map((end) => {
    const pod = context.store.kind("Pod").get(end.uid);
    return html`<li>${link(context, pod, pod?.name ?? end.uid)}${end.ready ? nothing : html` <span class="muted">NotReady</span>`}</li>`;
  });
  return html`${fact("type", service.type)} ${fact("clusterIP", service.clusterIP)} ${fact("ports", (service.ports ?? []).map(portText).join(", "))}
  ${fact("selector", tags(service.selector))} ${fact("endpoints", list.length ? html`<ul class="plain">${list}</ul>` : t("fact.noEndpoints"))}`;
}

/** @param {Context} context @param {Thin} event */
const eventFacts = (context, event) => html`${fact("type", event.type)} ${fact("reason", event.reason)} ${fact("message", event.message)} ${fact("source", event.source)}
  ${fact("node", event.about ? link(context, subject(context, event), `${event.about.kind} ${event.about.name}`) : nothing)}`;

/** @type {Record<string, (context: Context, thin: Thin) => unknown>} */
const FACTS = { Pod: podFacts, Node: nodeFacts, Service: serviceFacts, Event: eventFacts, Component: (_context, part) => html`${fact("role", t(`part.${part.name}`, {}, ""))} ${fact("message", part.message)} ${fact("node", part.node)}` };

/** @param {Context} context @param {Thin} thin */
export function facts(context, thin) {
  const passed = since(thin.created, context.store.now());
  const own = FACTS[thin.k] ?? (thin.desired === undefined ? () => nothing : workloadFacts);
  return html`${thin.k === "Node" ? loads(context, thin) : nothing}<dl class="facts">
    ${fact("state", statePill(thin))} ${fact("namespace", thin.ns)} ${own(context, thin)} ${fact("age", passed === undefined ? nothing : age(passed))}
    ${fact("labels", tags(thin.labels))}
  </dl>`;
}
