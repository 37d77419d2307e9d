/** The first-run tour: three short cards, shown once, always reachable again. */

import { html, nothing } from "lit";
import { t } from "../i18n/index.js";
import { mount } from "../ui/mount.js";

const STEPS = ["diagram", "yaml", "clock"];
const SEEN = "playground.tour";

/** @param {Storage} storage */
export const firstVisit = (storage) => storage.getItem(SEEN) === null;

/** @param {HTMLElement} element @param {import("../context.js").Context} context @returns {() => void} undo */
export function mountTour(element, context) {
  const { ui } = context;
  const end = () => {
    localStorage.setItem(SEEN, "1");
    ui.set({ tour: -1 });
  };
  const go = (/** @type {number} */ step) => (step >= STEPS.length ? end() : ui.set({ tour: step }));
  function view() {
    const { tour } = ui.get();
    const step = STEPS[tour];
    if (!step) return nothing;
    return html`<section class="tour" aria-labelledby="tour-title" @keydown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && end()}>
      <p class="tour-count">${tour + 1} / ${STEPS.length}</p>
      <h2 id="tour-title">${t(`tour.${step}.title`)}</h2>
      <p>${t(`tour.${step}.text`)}</p>
      <div class="form-buttons">
        <button class="button button-quiet" type="button" @click=${end}>${t("tour.skip")}</button>
        ${tour ? html`<button class="button" type="button" @click=${() => go(tour - 1)}>${t("tour.back")}</button>` : nothing}
        <button class="button button-primary" type="button" @click=${() => go(tour + 1)}>${tour === STEPS.length - 1 ? t("tour.done") : t("tour.next")}</button>
      </div>
    </section>`;
  }
  return mount(element, view, { sources: [(wake) => ui.subscribe((now, old) => now.tour !== old.tour && wake())] });
}
