/** A refusal in plain words: what asked for how much, what there was, and the lines that would allow it. */

import { html, nothing } from "lit";
import { t } from "../i18n/index.js";
import { kubectlLine } from "../ui/parts.js";

/** @typedef {import("../why/denials.js").Denial} Denial @typedef {import("../why/denials.js").Row} Row */

/** @param {Row[]} rows */
const arithmetic = (rows) => html`<ul class="plain denial-rows">${rows.map(({ resource, over, ...values }) => html`<li><strong>${resource}</strong> <span class=${over ? "tone-bad" : ""}>${t("denial.row", values)}</span></li>`)}</ul>`;

/** @param {import("../context.js").Context} context @param {Denial} denial */
export const denied = (context, { key, values, rows, lines }) => html`<div class="denial">
  <p>${t(key, values)}</p>
  ${rows?.length ? arithmetic(rows) : nothing}
  ${lines?.length ? html`<p class="foot-label">${t("denial.allow")}</p>${lines.map((line) => kubectlLine(context, line))}` : nothing}
</div>`;
