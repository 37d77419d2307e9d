/** The clock bar: virtual time, pause, speeds, step, next event, until stable, a minute ahead. */

import { html, nothing } from "lit";
import { clock } from "../actions.js";
import { date, timeOfDay } from "../format.js";
import { t } from "../i18n/index.js";
import { icon } from "../ui/icons.js";
import { both, everySoOften, mount } from "../ui/mount.js";

const SPEEDS = [1, 10, 100];

/** @param {import("../context.js").Context} context */
function view(context) {
  const { store, ui } = context;
  const state = store.state.clock;
  const now = store.now();
  const paused = state?.paused ?? true;
  const busy = ui.get().clockBusy || !!state?.goal;
  /** @param {string} name @param {string} label @param {{action: string, seconds?: number}} command @param {string} [text] */
  const button = (name, label, command, text) =>
    html`<button class="button button-quiet ${text ? "" : "button-icon"}" type="button" title=${label} aria-label=${label} ?disabled=${!state || busy} @click=${() => clock(context, command)}>
      ${icon(name)}${text ? html`<span>${text}</span>` : nothing}
    </button>`;
  return html`<div class="clock" role="group" aria-label=${t("clock.label")}>
    <time class="clock-time" title="${t("clock.label")}: ${state ? `${date(now)} ${timeOfDay(now)} UTC` : ""}">${state ? timeOfDay(now) : "--:--:--"}</time>
    ${paused ? button("play", t("clock.run"), /** @type {any} */ ({ action: "run", speed: state?.speed || 1 })) : button("pause", t("clock.pause"), { action: "pause" })}
    <div class="segments" role="radiogroup" aria-label=${t("clock.speed")} @keydown=${roving}>
      ${SPEEDS.map((speed) => speedButton(context, speed, !paused && state?.speed === speed))}
    </div>
    ${button("step", t("clock.step"), { action: "step" })} ${button("forward", t("clock.next"), { action: "next" })}
    ${button("settle", t("clock.settle"), { action: "settle" })}
    <button class="button button-quiet clock-jump" type="button" title=${t("clock.advance", { n: 60 })} ?disabled=${!state || busy} @click=${() => clock(context, { action: "advance", seconds: 60 })}>
      ${t("clock.jump")}
    </button>
    <span class="clock-state" role="status">${busy ? t("clock.working") : paused && state ? t("clock.paused") : state?.stable ? t("clock.stable") : ""}</span>
  </div>`;
}

/** @param {import("../context.js").Context} context @param {number} speed @param {boolean} chosen */
function speedButton(context, speed, chosen) {
  const current = context.store.state.clock?.speed === speed;
  return html`<button class="segment" type="button" role="radio" aria-checked=${chosen} tabindex=${current || (!SPEEDS.includes(context.store.state.clock?.speed ?? 0) && speed === 1) ? 0 : -1}
    ?disabled=${!context.store.state.clock} aria-label=${t("clock.runAt", { n: speed })} @click=${() => clock(context, { action: "run", speed })}>×${speed}</button>`;
}

/** Arrow keys inside a group of radio buttons. @param {KeyboardEvent} event */
function roving(event) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const group = /** @type {HTMLElement} */ (event.currentTarget);
  const buttons = [...group.querySelectorAll("button")];
  const next = buttons[(buttons.indexOf(/** @type {any} */ (document.activeElement)) + step + buttons.length) % buttons.length];
  event.preventDefault();
  next?.focus();
  next?.click();
}

/** @param {HTMLElement} element @param {import("../context.js").Context} context */
export const mountClockBar = (element, context) => mount(element, () => view(context), { sources: [...both(context), everySoOften(250)], everyMs: 100 });
