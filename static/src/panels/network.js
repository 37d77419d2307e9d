/** Send one request through the cluster and read it hop by hop, while the picture shows the way it takes. */

import { html, nothing } from "lit";
import { isSystem } from "../health.js";
import { t } from "../i18n/index.js";
import { kubectl } from "../kubectl.js";
import { icon } from "../ui/icons.js";
import { both, mount } from "../ui/mount.js";
import { emptyState, kubectlLine } from "../ui/parts.js";
import { shown } from "../why/hops.js";

/** @typedef {import("../context.js").Context} Context @typedef {import("../why/hops.js").Step} Step */

const METHODS = ["GET", "POST", "HEAD", "PUT", "DELETE"];
const MOST_BODY = 600;
const SCHEME = "http:";
const OUTCOME_TONES = /** @type {Record<string, string>} */ ({ answered: "ok", open: "ok" });

/** "pod/ns/name", "node/name" or "outside" as the server wants it. @param {string} from */
export function sourceOf(from) {
  if (from.startsWith("pod/")) return { pod: from.slice(4) };
  return from.startsWith("node/") ? { node: from.slice(5) } : "outside";
}

/** Where requests can go: services by name, with their ports. @param {import("../store.js").Store} store */
function targets(store) {
  const services = store.all("Service").sort((a, b) => Number(isSystem(a)) - Number(isSystem(b)) || a.name.localeCompare(b.name));
  return services.flatMap((service) => (service.ports ?? []).filter((port) => (port.protocol ?? "TCP") === "TCP").map((port) => `${SCHEME}//${service.name}.${service.ns}${port.port === 80 ? "" : `:${port.port}`}/`));
}

/** @param {HTMLElement} element @param {Context} context @returns {() => void} undo */
export function mountNetwork(element, context) {
  const { ui, store, api } = context;
  let begun = false;
  let from = "outside";
  let to = "";
  let method = "GET";
  let run = 0;
  let problem = "";
  let busy = false;
  /** @type {any} */
  let answer = null;
  let wakeUp = () => {};

  const pods = () => store.all("Pod").filter((pod) => pod.phase === "Running").sort((a, b) => Number(isSystem(a)) - Number(isSystem(b)) || `${a.ns}/${a.name}`.localeCompare(`${b.ns}/${b.name}`));
  const begin = () => {
    if (begun || store.state.revision === null) return;
    begun = true;
    const first = pods()[0];
    from = first && !isSystem(first) ? `pod/${first.ns}/${first.name}` : "outside";
    to = targets(store).find((one) => !/\/\/kubernetes\.|\.kube-system[:/]/.test(one)) ?? "";
  };

  /** @param {Event} [event] */
  async function send(event) {
    event?.preventDefault();
    [busy, problem] = [true, ""];
    wakeUp();
    try {
      answer = await api.trace({ from: sourceOf(from), to, method });
      ui.set({ trace: shown(answer, (run += 1)) });
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    busy = false;
    wakeUp();
  }
  /** @param {number} at */
  const choose = (at) => {
    const { trace } = ui.get();
    if (trace) ui.set({ trace: { ...trace, at } });
  };
  const replay = () => {
    const { trace } = ui.get();
    if (trace) ui.set({ trace: { ...trace, at: -1, run: (run += 1) } });
  };
  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const { trace } = ui.get();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!trace || !step) return;
    event.preventDefault();
    choose(Math.max(0, Math.min(trace.steps.length - 1, trace.at + step)));
    requestAnimationFrame(() => /** @type {HTMLElement | null} */ (element.querySelector('.hop[aria-current="step"] .hop-button'))?.focus());
  }

  const sources = () => html`<select name="from" aria-label=${t("network.from")} .value=${from} @change=${(/** @type {any} */ event) => (from = event.target.value)}>
    <option value="outside" ?selected=${from === "outside"}>${t("network.outside")}</option>
    <optgroup label=${t("network.pods")}>${pods().map((pod) => option(`pod/${pod.ns}/${pod.name}`, `${pod.ns}/${pod.name}`))}</optgroup>
    <optgroup label=${t("network.nodes")}>${store.all("Node").map((node) => option(`node/${node.name}`, node.name))}</optgroup>
  </select>`;
  /** @param {string} value @param {string} text */
  const option = (value, text) => html`<option value=${value} ?selected=${from === value}>${text}</option>`;

  const form = () => html`<form class="network-form" @submit=${send}>
    <label class="field field-from"><span>${t("network.from")}</span>${sources()}</label>
    <label class="field"><span>${t("network.method")}</span><select name="method" @change=${(/** @type {any} */ event) => (method = event.target.value)}>${METHODS.map((one) => html`<option ?selected=${one === method}>${one}</option>`)}</select></label>
    <label class="field field-to"><span>${t("network.to")}</span>
      <input name="to" type="text" required maxlength="2048" list="network-targets" autocomplete="off" spellcheck="false" .value=${to} @input=${(/** @type {any} */ event) => (to = event.target.value)} />
      <datalist id="network-targets">${targets(store).map((one) => html`<option value=${one}></option>`)}</datalist></label>
    <button class="button button-primary" type="submit" ?disabled=${busy}>${icon("send")}<span>${t("network.send")}</span></button>
  </form>`;

  /** @param {Step} step @param {number} index @param {number} at */
  const hop = (step, index, at) => html`<li class="hop ${step.bad ? "hop-bad" : ""}" aria-current=${index === at ? "step" : nothing}>
    <button class="hop-button" type="button" @click=${() => choose(index)}>
      <span class="hop-number">${index + 1}</span><span class="hop-kind">${t(`hop.${step.kind}`, {}, step.kind)}</span><span class="hop-text">${step.text}</span><span class="hop-time">${step.seconds ? t("network.ms", { n: Math.round(step.seconds * 10000) / 10 }) : nothing}</span>
    </button>
    ${index === at && step.details.length ? html`<pre class="hop-details" tabindex="0">${step.details.join("\n")}</pre>` : nothing}
  </li>`;

  /** @param {any} response */
  const body = (response) => (response ? html`<section class="network-answer" aria-label=${t("network.answer")}><h2>${t("network.answer")} ${response.status || nothing}</h2><pre class="hop-details" tabindex="0">${String(response.body).slice(0, MOST_BODY)}</pre></section>` : nothing);

  function result() {
    const { trace } = ui.get();
    if (problem) return html`<p class="problem" role="alert">${problem}</p>`;
    if (!trace) return emptyState(t("network.empty"), t("network.emptyHint"));
    return html`<div class="network-head" role="status"><span class="pill pill-${OUTCOME_TONES[trace.outcome] ?? "bad"}"><span class="pill-mark" aria-hidden="true"></span>${t(`outcome.${trace.outcome}`, {}, trace.outcome)}</span><span class="network-target">${trace.target}</span>
        <button class="button" type="button" @click=${replay}>${icon("play")}<span>${t("network.again")}</span></button>
        <button class="button" type="button" @click=${() => ui.set({ trace: null })}>${t("network.clear")}</button></div>
      <ol class="hops" aria-label=${t("network.hops")} @keydown=${onKey}>${trace.steps.map((step, index) => hop(step, index, trace.at))}</ol>
      ${body(answer?.response)}`;
  }

  function view() {
    begin();
    const line = from.startsWith("pod/") ? kubectl.curl(from.slice(4), method, to) : "";
    return html`<div class="network"><div class="network-ask">${form()}${line ? kubectlLine(context, line) : nothing}</div><div class="network-result">${result()}</div></div>`;
  }
  /** @type {import("../ui/mount.js").Source} */
  const own = (wake) => {
    wakeUp = wake;
    return () => {};
  };
  const undo = mount(element, view, { sources: [own, ...both(context)], everyMs: 100 });
  return () => {
    ui.set({ trace: null });
    undo();
  };
}
