/** Short messages about what was done and what failed, and the card that follows the pointer over the picture. */

import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { t } from "../i18n/index.js";
import { sourceOf } from "../kubectl.js";
import { mount } from "../ui/mount.js";
import { statePill } from "../ui/parts.js";

/** @param {HTMLElement} element @param {import("../context.js").Context} context @returns {() => void} undo */
export function mountToasts(element, context) {
  element.setAttribute("role", "status");
  element.setAttribute("aria-live", "polite");
  const view = () =>
    html`${repeat(context.ui.get().toasts, (one) => one.id, (one) => html`<div class="toast toast-${one.tone}"><p>${one.text}</p>${one.line ? html`<span class="foot-label">${t(sourceOf(one.line))}</span><code>${one.line}</code>` : nothing}</div>`)}`;
  return mount(element, view, { sources: [(wake) => context.ui.subscribe((now, old) => now.toasts !== old.toasts && wake())] });
}

/** @param {HTMLElement} element @param {import("../context.js").Context} context @returns {() => void} undo */
export function mountHoverCard(element, context) {
  let uid = /** @type {string | null} */ (null);
  let wakeUp = () => {};
  element.setAttribute("aria-hidden", "true");
  context.onHover = (found, x, y) => {
    uid = found;
    const left = Math.min(x + 16, (element.parentElement?.clientWidth ?? 0) - 280);
    element.style.transform = `translate(${Math.round(left)}px, ${Math.round(y + 16)}px)`;
    wakeUp();
  };
  const view = () => {
    const thin = uid && uid !== context.ui.get().selected ? context.store.byUid(uid) : undefined;
    element.hidden = !thin;
    if (!thin) return nothing;
    return html`<p class="hover-title"><span class="kind">${thin.k}</span> ${thin.name}</p>
      ${statePill(thin)} ${thin.msg ? html`<p class="hover-text">${thin.msg}</p>` : nothing}`;
  };
  /** @type {import("../ui/mount.js").Source} */
  const own = (wake) => {
    wakeUp = wake;
    return () => {};
  };
  return mount(element, view, { sources: [own, (wake) => context.store.subscribe(wake)] });
}
