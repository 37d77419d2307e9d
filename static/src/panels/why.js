/** Why a pod is where it is, or nowhere: the scheduler's verdict node by node. */

import { html, nothing } from "lit";
import { t } from "../i18n/index.js";

/**
 * The rows of a decision as `scheduling/{uid}/` tells it, however little of it there is.
 * @param {any} trace
 * @returns {Array<{node: string, verdict: string, plugin: string, score: number | undefined, scores: Record<string, {raw?: number, weighted?: number}>, filters: Record<string, string>}>}
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
      filters: Object.fromEntries((row.filters ?? []).map((/** @type {any} */ one) => [one.plugin, String(one.verdict ?? "")])),
    };
  });
}

/** @typedef {ReturnType<typeof decisionRows>[number]} DecisionRow */

const MARKS = /** @type {Record<string, [string, string]>} */ ({ passed: ["✓", "ok"], rejected: ["✕", "bad"], skipped: ["–", "muted"], "not run": ["·", "muted"] });

/** The scheduler, while it does not run. @param {import("../context.js").Context} context */
export const stoppedScheduler = ({ store }) => store.all("Component").find((one) => one.name === "kube-scheduler" && one.healthy === false);

/** Why nothing new is decided. @param {import("../context.js").Context} context @param {import("../types.js").Thin} part @param {boolean} kept whether something older is shown */
const notice = (context, part, kept) => html`<p class="why-down" role="status">${t(kept ? "why.down" : "why.downEmpty")} <button class="link" type="button" @click=${() => context.select(part.uid)}>${t("why.toPart")}</button></p>`;

/** @param {import("../context.js").Context} context @param {import("../types.js").Thin} pod */
export async function decision(context, pod) {
  const stopped = stoppedScheduler(context);
  const trace = await context.api.scheduling(pod.uid).catch((error) => {
    if (error.status === 404) return null;
    throw error;
  });
  const kept = !!trace || (!pod.node && !!pod.msg);
  if (!stopped) return decided(context, pod, trace);
  return html`${notice(context, stopped, kept)} ${kept ? decided(context, pod, trace) : nothing}`;
}

/** @param {import("../context.js").Context} context @param {import("../types.js").Thin} pod @param {any} trace */
function decided(context, pod, trace) {
  const rows = trace ? decisionRows(trace) : [];
  const chosen = trace?.node ?? pod.node;
  const message = trace?.message || (pod.node ? "" : pod.msg); // once it has a node, its message is the kubelet's
  if (!rows.length) return message ? html`<p class="why-message">${message}</p>` : html`<p class="empty-hint">${t("why.empty")}</p>`;
  return html`<p class="why-message">${message || reasonOf(rows, chosen, trace?.tied ?? [])}</p>
    ${verdicts(rows, chosen)} ${matrix(t("why.filters"), rows, chosen, filterLines(rows))} ${matrix(t("why.scores"), scoredOf(rows), chosen, scoreLines(rows))}`;
}

/** Why this node and no other. @param {DecisionRow[]} rows @param {string | undefined} chosen @param {string[]} tied */
function reasonOf(rows, chosen, tied) {
  const fits = rows.filter((row) => !row.verdict).length;
  const score = rows.find((row) => row.node === chosen)?.score;
  if (fits === 1) return t("why.only", { node: chosen ?? "", all: rows.length });
  if (tied.length > 1) return t("why.tied", { node: chosen ?? "", score: score ?? 0, n: tied.length });
  return t("why.best", { node: chosen ?? "", score: score ?? 0, n: fits });
}

/** @param {DecisionRow[]} rows @param {string | undefined} chosen */
function verdicts(rows, chosen) {
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

/** @param {DecisionRow[]} rows */
const scoredOf = (rows) => rows.filter((row) => row.score !== undefined);

/** The filters that had something to check, each with its mark for each node. @param {DecisionRow[]} rows @returns {Array<[string, unknown[]]>} */
function filterLines(rows) {
  const plugins = [...new Set(rows.flatMap((row) => Object.keys(row.filters)))];
  const busy = plugins.filter((plugin) => rows.some((row) => ["passed", "rejected"].includes(row.filters[plugin])));
  const cell = (/** @type {string} */ verdict) => {
    const [mark, tone] = MARKS[verdict] ?? MARKS["not run"];
    return html`<span class="tone-${tone}" aria-hidden="true">${mark}</span><span class="visually-hidden">${t(`verdict.${verdict}`, {}, verdict)}</span>`;
  };
  return busy.map((plugin) => [plugin, rows.map((row) => cell(row.filters[plugin] ?? "not run"))]);
}

/** What each plugin gave, weighted, with what it gave at first. @param {DecisionRow[]} rows @returns {Array<[string, unknown[]]>} */
function scoreLines(rows) {
  const scored = scoredOf(rows);
  const plugins = [...new Set(scored.flatMap((row) => Object.keys(row.scores)))];
  const cell = (/** @type {{raw?: number, weighted?: number} | undefined} */ score) => html`${score?.weighted ?? ""}${score?.raw === undefined ? nothing : html` <span class="score-raw" title=${t("why.raw")}>(${score.raw})</span>`}`;
  const lines = plugins.map((plugin) => /** @type {[string, unknown[]]} */ ([plugin, scored.map((row) => cell(row.scores[plugin]))]));
  return lines.length ? [...lines, [t("why.total"), scored.map((row) => html`<strong>${row.score}</strong>`)]] : [];
}

/** Plugins × nodes. @param {string} title @param {DecisionRow[]} rows @param {string | undefined} chosen @param {Array<[string, unknown[]]>} lines */
function matrix(title, rows, chosen, lines) {
  if (!lines.length) return nothing;
  return html`<section class="scores" >
    <h3>${title}</h3>
    <div class="scores-scroll" tabindex="0" role="region" aria-label=${title}>
      <table class="table">
        <thead><tr><th scope="col">${t("why.plugin")}</th>${rows.map((row) => html`<th scope="col" class="number ${row.node === chosen ? "chosen" : ""}">${row.node}</th>`)}</tr></thead>
        <tbody>${lines.map(([plugin, cells]) => html`<tr><th scope="row">${plugin}</th>${cells.map((cell, index) => html`<td class="number ${rows[index].node === chosen ? "chosen" : ""}">${cell}</td>`)}</tr>`)}</tbody>
      </table>
    </div>
  </section>`;
}
