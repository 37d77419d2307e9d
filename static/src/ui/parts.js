/** Small pieces that several views show: state pills, kubectl lines, action buttons. */

import { html, nothing } from "lit";
import { healthOf } from "../health.js";
import { t } from "../i18n/index.js";
import { sourceOf } from "../kubectl.js";
import { icon } from "./icons.js";

/** @param {import("../types.js").Thin} thin */
export function statePill(thin) {
  const { tone, word } = healthOf(thin);
  return word ? html`<span class="pill pill-${tone}"><span class="pill-mark" aria-hidden="true"></span>${word}</span>` : nothing;
}

/** @param {import("../context.js").Context} context @param {string} line */
export function kubectlLine(context, line) {
  return html`<div class="kubectl">
    <code tabindex="0">${line}</code>
    <button class="button button-quiet button-icon" type="button" title=${t("common.copy")} aria-label="${t("common.copy")}: ${line}" @click=${() => copyText(context, line)}>
      ${icon("copy")}
    </button>
  </div>`;
}

/** The line that would do the same, with whose it is. @param {import("../context.js").Context} context @param {string} line */
export const sameLine = (context, line) => html`<div class="same-line"><span class="foot-label">${t(sourceOf(line))}</span>${kubectlLine(context, line)}</div>`;

/** @param {import("../context.js").Context} context @param {string} text */
export async function copyText(context, text) {
  try {
    await navigator.clipboard.writeText(text);
    context.toast({ tone: "info", text: t("common.copied") });
  } catch (error) {
    context.toast({ tone: "bad", text: error instanceof Error ? error.message : String(error) });
  }
}

/** @param {import("../actions.js").Action} action */
export function actionButton(action) {
  return html`<button class="button ${action.danger ? "button-danger" : ""}" type="button" title=${action.line ? `${t(sourceOf(action.line))}: ${action.line}` : nothing} @click=${action.run}>${action.label}</button>`;
}

/** @param {string} title @param {unknown} hint @param {unknown} [more] */
export const emptyState = (title, hint, more = nothing) =>
  html`<div class="empty"><p class="empty-title">${title}</p><p class="empty-hint">${hint}</p>${more}</div>`;

/** A box to tick, with what it means. @param {string} name @param {string} label @param {string} hint @param {{checked?: boolean, disabled?: boolean}} [state] */
export const checkField = (name, label, hint, { checked = false, disabled = false } = {}) => html`<label class="field-check">
  <input name=${name} type="checkbox" .checked=${checked} ?disabled=${disabled} aria-describedby="hint-${name}" />
  <span>${label}<small id="hint-${name}">${hint}</small></span>
</label>`;
