/** Charts over virtual time: pods by phase, CPU and memory that are requested, how long pods wait for a node. They begin when the pane is opened first. */

import { html } from "lit";
import { added, PHASES, sample } from "../charts/samples.js";
import { t } from "../i18n/index.js";
import { mount } from "../ui/mount.js";

/** @typedef {import("../context.js").Context} Context @typedef {import("../charts/samples.js").Sample} Sample */
/** @typedef {"pods" | "cpu" | "memory" | "latency"} Topic */

const TOPICS = /** @type {Topic[]} */ (["pods", "cpu", "memory", "latency"]);
const EVERY_MS = 500;
const MOST = 1200;
const COLOURS = { pods: ["ok", "warn", "muted", "bad"], cpu: ["accent", "line-strong"], memory: ["accent", "line-strong"], latency: ["accent", "warn"] };

/** @param {Topic} topic */
const namesOf = (topic) => (topic === "pods" ? PHASES : topic === "latency" ? [t("chart.p50"), t("chart.max")] : [t("fact.requested"), t("fact.allocatable")]);
/** @param {string} name */
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
/** @param {number} value */
const round = (value) => String(Math.round(value * 10) / 10);

/** @param {HTMLElement} element @param {Context} context @returns {() => void} undo */
export function mountCharts(element, context) {
  const { store } = context;
  const samples = /** @type {Record<Topic, Sample[]>} */ ({ pods: [], cpu: [], memory: [], latency: [] });
  /** @type {Map<Topic, ReturnType<typeof import("../charts/uplot.js")["openChart"]>>} */
  const charts = new Map();
  let over = false;
  let wakeUp = () => {};

  /** @param {Topic} topic */
  function figure(topic) {
    const last = samples[topic].at(-1)?.values ?? [];
    const values = namesOf(topic).map((name, index) => `${name} ${round(last[index] ?? 0)}`);
    return html`<figure class="chart">
      <figcaption><strong>${t(`chart.${topic}`)}</strong>
        <span class="chart-legend">${values.map((text, index) => html`<span class="chart-name chart-${COLOURS[topic][index]}">${text}</span>`)}</span></figcaption>
      <div class="chart-host" data-topic=${topic} role="img" aria-label="${t(`chart.${topic}`)}: ${values.join(", ")}"></div>
    </figure>`;
  }
  const view = () => html`<div class="charts" tabindex="0" role="region" aria-label=${t("drawer.charts")}>${TOPICS.map(figure)}</div>`;

  function look() {
    if (store.state.revision === null || store.state.past !== null) return;
    const found = sample(store);
    for (const topic of TOPICS) {
      samples[topic] = added(samples[topic], { at: store.now(), values: found[topic] }, MOST);
      if (context.ui.get().drawer === "charts") charts.get(topic)?.show(samples[topic]);
    }
    if (context.ui.get().drawer === "charts") wakeUp();
  }

  async function draw() {
    const { openChart } = await import("../charts/uplot.js");
    if (over) return;
    for (const topic of TOPICS) {
      const host = /** @type {HTMLElement | null} */ (element.querySelector(`[data-topic="${topic}"]`));
      charts.get(topic)?.close();
      if (host) charts.set(topic, openChart(host, { names: namesOf(topic), colours: COLOURS[topic].map(token), text: token("muted"), line: token("line") }));
    }
    look();
  }
  const redraw = () => void draw().catch((error) => context.toast({ tone: "bad", text: String(error) }));

  /** @type {import("../ui/mount.js").Source} */
  const own = (wake) => {
    wakeUp = wake;
    return () => {};
  };
  const undo = mount(element, view, { sources: [own] });
  const timer = setInterval(look, EVERY_MS);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", redraw);
  const unsubscribe = context.ui.subscribe((now, old) => now.theme !== old.theme && requestAnimationFrame(redraw));
  redraw();
  return () => {
    over = true;
    clearInterval(timer);
    scheme.removeEventListener("change", redraw);
    unsubscribe();
    charts.forEach((chart) => chart.close());
    undo();
  };
}
