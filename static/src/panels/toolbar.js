/** The tools that float over the picture: add nodes, write YAML, layers, namespace; zoom; what the cluster amounts to. */

import { html, nothing } from "lit";
import { t } from "../i18n/index.js";
import { nodeHealth } from "../health.js";
import { icon } from "../ui/icons.js";
import { both, mount } from "../ui/mount.js";
import { emptyState } from "../ui/parts.js";
import { makePlan } from "../diagram/plan.js";

/** @param {import("../context.js").Context} context */
function view(context) {
  const { ui } = context;
  const now = ui.get();
  /** @param {"services" | "owners" | "system"} key */
  const layer = (key) =>
    html`<button class="chip" type="button" aria-pressed=${now[key]} @click=${() => ui.set({ [key]: !now[key] })}>${t(`layer.${key}`)}</button>`;
  return html`<div class="stage-top"><div class="toolbar" role="toolbar" aria-label=${t("toolbar.label")}>
      <button class="button button-icon" type="button" aria-pressed=${now.outline} aria-label=${t("outline.title")} title=${t("outline.title")} @click=${() => ui.set({ outline: !now.outline })}>${icon("outline")}</button>
      <button class="button button-primary" type="button" aria-label=${t("action.addNode")} @click=${() => ui.set({ dialog: "addNode" })}>${icon("add")}<span>${t("action.addNode")}</span></button>
      <button class="button drawer-button" type="button" aria-label=${t("create.title")} title=${t("create.title")} @click=${() => ui.set({ dialog: "create" })}>${icon("form")}<span>${t("create.title")}</span></button>
      ${drawerButton(context, "yaml", "code")}${drawerButton(context, "events", "events")}
      ${drawerButton(context, "explorer", "table")}${drawerButton(context, "network", "network")}${drawerButton(context, "terminal", "terminal")}
      <button class="button drawer-button" type="button" aria-label=${t("timeline.label")} title=${t("timeline.label")} aria-pressed=${now.timeline} @click=${() => ui.set({ timeline: !now.timeline })}>${icon("history")}<span>${t("timeline.label")}</span></button>
    </div>
    <div class="layers" role="group" aria-label=${t("diagram.layers")}>${layer("owners")}${layer("services")}${layer("system")}${namespaces(context)}</div></div>
    ${around(context)}`;
}

/** What a viewer who changes nothing needs too. @param {import("../context.js").Context} context */
function around(context) {
  return html`<div class="zoom" role="group" aria-label=${t("toolbar.view")}>
      ${zoomButton("add", t("diagram.zoomIn"), () => context.diagram?.zoom(1.3))}${zoomButton("minus", t("diagram.zoomOut"), () => context.diagram?.zoom(1 / 1.3))}
      ${zoomButton("fit", t("action.fit"), () => context.diagram?.fit())}
    </div>
    ${summary(context)}${overlay(context)}`;
}

/** Opens a pane of the drawer, or closes it. @param {import("../context.js").Context} context @param {import("../context.js").DrawerTab} tab @param {string} name of its icon */
function drawerButton({ ui }, tab, name) {
  const open = ui.get().drawer === tab;
  return html`<button class="button drawer-button" type="button" aria-label=${t(`drawer.${tab}`)} title=${t(`drawer.${tab}`)} aria-pressed=${open} @click=${() => ui.set({ drawer: open ? "" : tab })}>${icon(name)}<span>${t(`drawer.${tab}`)}</span></button>`;
}

/** @param {string} name @param {string} label @param {() => void} run */
const zoomButton = (name, label, run) =>
  html`<button class="button button-quiet button-icon" type="button" title=${label} aria-label=${label} @click=${run}>${icon(name)}</button>`;

/** @param {import("../context.js").Context} context */
function namespaces({ store, ui }) {
  const names = store.all("Namespace").map((one) => one.name).sort();
  return html`<select class="chip chip-select" aria-label=${t("namespace.label")} .value=${ui.get().namespace} @change=${(/** @type {any} */ event) => ui.set({ namespace: event.target.value })}>
    <option value="">${t("namespace.all")}</option>
    ${names.map((name) => html`<option value=${name}>${name}</option>`)}
  </select>`;
}

/** @param {import("../context.js").Context} context */
function summary({ store, ui }) {
  const nodes = store.all("Node");
  const broken = nodes.filter((node) => nodeHealth(node).tone === "bad").length;
  const { system, services, owners, namespace } = ui.get();
  const plan = makePlan(store, { system, services, owners, namespace }, 1);
  const pods = plan.nodes.reduce((sum, node) => sum + node.pods.length, plan.waiting.length + (plan.master?.pods.length ?? 0));
  return html`<p class="summary">
    <span>${t("summary.nodes", { n: nodes.length })}</span>${broken ? html`<span class="tone-bad">${t("summary.notReady", { n: broken })}</span>` : ""}
    <span>${t("summary.pods", { n: pods })}</span>${plan.waiting.length ? html`<span class="tone-warn">${t("summary.waiting", { n: plan.waiting.length })}</span>` : ""}
  </p>`;
}

/** What stands in the middle while there is nothing to draw. @param {import("../context.js").Context} context */
function overlay({ store, ui, readonly }) {
  if (store.state.connection === "gone") return html`<div class="overlay">${emptyState(t(store.state.ended ? "follow.ended" : "connection.gone"), store.state.gone, readonly ? nothing : html`<a class="button" href="/">${t("app.allClusters")}</a>`)}</div>`;
  if (store.state.revision === null) return html`<div class="overlay"><p class="loading" role="status">${t("diagram.loading")}</p></div>`;
  if (store.kind("Node").size || store.state.past !== null) return "";
  const add = html`<button class="button button-primary" type="button" @click=${() => ui.set({ dialog: "addNode" })}>${icon("add")}${t("action.addNode")}</button>`;
  return html`<div class="overlay">${emptyState(t("diagram.empty"), t("diagram.emptyHint"), readonly ? nothing : add)}</div>`;
}

/** @param {HTMLElement} element @param {import("../context.js").Context} context */
export function mountToolbar(element, context) {
  context.covered = () => /** @type {HTMLElement | null} */ (element.querySelector(".stage-top"))?.offsetHeight ?? 0;
  return mount(element, () => view(context), { sources: both(context), everyMs: 120 });
}

/** @param {HTMLElement} element @param {import("../context.js").Context} context */
export const mountAround = (element, context) => mount(element, () => around(context), { sources: both(context), everyMs: 120 });
