/** The dashboard: the clusters there are, and a form to make one. */

import { html, nothing } from "lit";
import { t } from "../i18n/index.js";
import { createState } from "../state.js";
import { icon } from "../ui/icons.js";
import { mount } from "../ui/mount.js";
import { checkField, emptyState } from "../ui/parts.js";

/** @typedef {import("../types.js").ClusterSummary} ClusterSummary @typedef {import("../api.js").Api} Api */

const REFRESH_MS = 5000;

/** @param {ClusterSummary} cluster @param {string} kind */
function amount(cluster, kind) {
  const count = cluster.counts?.[kind] ?? cluster[kind] ?? 0;
  return Array.isArray(count) ? count.length : typeof count === "object" ? Number(count.total ?? 0) : Number(count);
}

/** @param {HTMLElement} element @param {{api: Api, go?: (url: string) => void}} options @returns {() => void} undo */
export function mountDashboard(element, { api, go = (url) => location.assign(url) }) {
  const ui = createState({
    clusters: /** @type {ClusterSummary[] | null} */ (null),
    problem: "",
    formProblem: "",
    creating: false,
    doomed: /** @type {string | null} */ (null),
  });

  async function refresh() {
    try {
      ui.set({ clusters: await api.clusters(), problem: "" });
    } catch (error) {
      ui.set({ problem: error instanceof Error ? error.message : String(error) });
    }
  }

  /** @param {SubmitEvent} event */
  async function create(event) {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const read = (/** @type {string} */ name) => String(form.get(name) ?? "").trim();
    ui.set({ creating: true, formProblem: "" });
    try {
      const made = await api.createCluster({ name: read("name"), nodes: Number(read("nodes")), cpu: read("cpu"), memory: read("memory"), seed: Number(read("seed")), acceptAnyImage: form.has("acceptAnyImage") });
      go(`/clusters/${encodeURIComponent(made.name)}/`);
    } catch (error) {
      ui.set({ formProblem: error instanceof Error ? error.message : String(error) });
    }
    ui.set({ creating: false });
  }

  /** @param {string} name */
  async function remove(name) {
    ui.set({ doomed: null });
    try {
      await api.deleteCluster(name);
    } catch (error) {
      ui.set({ problem: error instanceof Error ? error.message : String(error) });
    }
    await refresh();
  }

  /** @param {ClusterSummary} cluster */
  const card = (cluster) => html`<li class="card">
    <a class="card-link" href="/clusters/${encodeURIComponent(cluster.name)}/">
      <span class="card-name">${cluster.name}</span>
      <span class="card-facts"><span>${t("summary.nodes", { n: amount(cluster, "nodes") })}</span>${(cluster.counts?.pods ?? cluster.pods) === undefined ? nothing : html`<span>${t("summary.pods", { n: amount(cluster, "pods") })}</span>`}</span>
      ${pods(amount(cluster, "nodes"))}
    </a>
    ${ui.get().doomed === cluster.name
      ? html`<div class="card-confirm" role="alertdialog" aria-label=${t("confirm.title")}>
          <p>${t("confirm.deleteCluster", { name: cluster.name })}</p>
          <div class="form-buttons"><button class="button" type="button" @click=${() => ui.set({ doomed: null })}>${t("common.cancel")}</button>
            <button class="button button-danger" type="button" @click=${() => remove(cluster.name)}>${t("common.delete")}</button></div>
        </div>`
      : html`<button class="button button-quiet button-icon card-delete" type="button" aria-label=${t("dashboard.delete", { name: cluster.name })} title=${t("common.delete")} @click=${() => ui.set({ doomed: cluster.name })}>${icon("trash")}</button>`}
  </li>`;

  /** A row of small rooms, one per node. @param {number} nodes */
  const pods = (nodes) => html`<span class="card-rooms" aria-hidden="true">${Array.from({ length: Math.min(nodes, 24) }, () => html`<span class="card-room"></span>`)}</span>`;

  /** @param {string} name @param {{value: string, type?: string, hint?: string, pattern?: string, min?: number, max?: number}} options */
  const field = (name, { value, type = "text", hint, pattern, min, max }) => html`<label class="field">
    <span>${t(`dashboard.${name}`)}</span>
    <input name=${name} type=${type} value=${value} required autocomplete="off" spellcheck="false" pattern=${pattern ?? nothing} min=${min ?? nothing} max=${max ?? nothing} aria-describedby=${hint ? `hint-${name}` : nothing} />
    ${hint ? html`<small id="hint-${name}">${hint}</small>` : nothing}
  </label>`;

  const form = () => html`<section class="panel" aria-labelledby="new-title">
    <h2 id="new-title">${t("dashboard.new")}</h2>
    <form class="form" @submit=${create}>
      <div class="fields">
        ${field("name", { value: "", hint: t("dashboard.nameHint"), pattern: "[a-z0-9]([a-z0-9\\-]*[a-z0-9])?" })} ${field("nodes", { value: "3", type: "number", min: 0, max: 1000 })}
        ${field("cpu", { value: "4" })} ${field("memory", { value: "8Gi" })} ${field("seed", { value: "1", type: "number", min: 0, hint: t("dashboard.seedHint") })}
      </div>
      ${checkField("acceptAnyImage", t("images.any"), t("images.anyHint"))}
      ${ui.get().formProblem ? html`<p class="problem" role="alert">${ui.get().formProblem}</p>` : nothing}
      <div class="form-buttons"><button class="button button-primary" type="submit" ?disabled=${ui.get().creating}>${t("dashboard.create")}</button></div>
    </form>
  </section>`;

  function list() {
    const { clusters } = ui.get();
    if (!clusters) return ui.get().problem ? nothing : html`<p class="loading" role="status">${t("dashboard.loading")}</p>`;
    if (!clusters.length) return emptyState(t("dashboard.empty"), t("dashboard.emptyHint"));
    return html`<ul class="cards">${clusters.map(card)}</ul>`;
  }

  const view = () => html`<main id="main"><div class="dash-head"><h1>${t("dashboard.clusters")}</h1><p>${t("dashboard.hint")}</p></div>
    <div class="dash-main">
      <section aria-label=${t("dashboard.clusters")}>
        ${ui.get().problem ? html`<p class="problem" role="alert">${ui.get().problem} <button class="button" type="button" @click=${refresh}>${t("common.retry")}</button></p>` : nothing}
        ${list()}</section>
      ${form()}
    </div></main>`;

  const timer = setInterval(() => document.visibilityState === "visible" && refresh(), REFRESH_MS);
  const undo = mount(element, view, { sources: [(wake) => ui.subscribe(wake)] });
  void refresh();
  return () => {
    clearInterval(timer);
    undo();
  };
}
