/** Why a pod is where it is, or nowhere: the scheduler's verdict node by node. */

import { html, nothing } from "lit";
import { t } from "../i18n/index.js";

/**
 * The rows of a decision as `scheduling/{uid}/` tells it, however little of it there is.
 * @param {any} trace
 * @returns {Array<{node: string, verdict: string, plugin: string, score: number | undefined, scores: Record<string, {raw?: number, weighted?: number}>}>}
 */
export function decisionRows(trace) {
  /** @type {any[]} */
  const nodes = Array.isArray(trace?.nodes) ? trace.nodes : [];
  return nodes.map((row) => {
    const rejected = (row.filters ?? []).find((/** @type {any} */ one) => one.verdict === "rejected");
    const scores = Object.entries(row.scores ?? {}).map(([plugin, one]) => [plugin, /** @type {any} */ (one)]);
    return {
      node: String(row.name ?? ""),
      verdict: (rejected?.reasons ?? []).join(", "),
      plugin: rejected?.plugin ?? "",
      score: row.total ?? undefined,
      scores: Object.fromEntries(scores),
    };
  });
}

/** @param {import("../context.js").Context} context @param {import("../types.js").Thin} pod */
export async function decision(context, pod) {
  const trace = await context.api.scheduling(pod.uid).catch((error) => {
    if (error.status === 404) return null;
    throw error;
  });
  const rows = trace ? decisionRows(trace) : [];
  const message = trace?.message || pod.msg;
  return html`${message ? html`<p class="why-message">${message}</p>` : nothing}
  ${rows.length ? html`${table(rows, trace?.node ?? pod.node)}${scoreTable(rows)}` : message ? nothing : html`<p class="empty-hint">${t("why.empty")}</p>`}`;
}

/** @param {ReturnType<typeof decisionRows>} rows @param {string | undefined} chosen */
function table(rows, chosen) {
  const scored = rows.some((row) => row.score !== undefined);
  return html`<table class="table">
    <caption class="visually-hidden">${t("why.summary")}</caption>
    <thead><tr><th scope="col">${t("why.node")}</th><th scope="col">${t("why.verdict")}</th>${scored ? html`<th scope="col" class="number">${t("why.score")}</th>` : nothing}</tr></thead>
    <tbody>${rows.map(
      (row) => html`<tr class=${row.node === chosen ? "chosen" : ""}>
        <th scope="row">${row.node}</th>
        <td>${row.verdict ? html`<span class="tone-bad">${row.verdict}</span>` : t("why.fits")}${row.plugin ? html`<br /><span class="muted">${row.plugin}</span>` : nothing}</td>
        ${scored ? html`<td class="number">${row.score ?? ""}</td>` : nothing}
      </tr>`,
    )}</tbody>
  </table>`;
}

/** Nodes × plugins: what each plugin gave, weighted. @param {ReturnType<typeof decisionRows>} rows */
function scoreTable(rows) {
  const scored = rows.filter((row) => row.score !== undefined);
  const plugins = [...new Set(scored.flatMap((row) => Object.keys(row.scores)))];
  if (!plugins.length) return nothing;
  return html`<details class="scores">
    <summary>${t("why.scores")}</summary>
    <div class="scores-scroll" tabindex="0" role="region" aria-label=${t("why.scores")}>
      <table class="table">
        <thead><tr><th scope="col">${t("why.plugin")}</th>${scored.map((row) => html`<th scope="col" class="number">${row.node}</th>`)}</tr></thead>
        <tbody>${plugins.map(
          (plugin) => html`<tr><th scope="row">${plugin}</th>${scored.map((row) => html`<td class="number">${row.scores[plugin]?.weighted ?? ""}${row.scores[plugin]?.raw === undefined ? nothing : html` <span class="score-raw" title=${t("why.raw")}>(${row.scores[plugin].raw})</span>`}</td>`)}</tr>`,
        )}</tbody>
      </table>
    </div>
  </details>`;
}
