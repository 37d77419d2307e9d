/** Why a pod is where it is, or nowhere: the scheduler's verdict node by node. */

import { html, nothing } from "lit";
import { t } from "../i18n/index.js";

/**
 * The rows of a decision, from any of the shapes a scheduler trace may have: a list of nodes, or a mapping by name.
 * @param {any} trace
 * @returns {Array<{node: string, verdict: string, plugin: string, score: number | undefined}>}
 */
export function decisionRows(trace) {
  const nodes = trace?.nodes ?? {};
  const list = Array.isArray(nodes) ? nodes : Object.entries(nodes).map(([node, facts]) => ({ node, .../** @type {any} */ (facts) }));
  return list.map((row) => {
    const filters = Array.isArray(row.filters) ? row.filters : Object.entries(row.filters ?? {}).map(([plugin, reason]) => ({ plugin, reason }));
    const failed = filters.find((/** @type {any} */ one) => one.reason ?? one.verdict);
    const reasons = row.reasons ?? (row.reason ? [row.reason] : []);
    return {
      node: row.node ?? row.name,
      verdict: [reasons].flat().join(", ") || failed?.reason || failed?.verdict || "",
      plugin: row.plugin ?? failed?.plugin ?? "",
      score: row.total ?? (typeof row.score === "number" ? row.score : undefined),
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
  ${rows.length ? table(rows, trace?.node ?? pod.node) : message ? nothing : html`<p class="empty-hint">${t("why.empty")}</p>`}`;
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
