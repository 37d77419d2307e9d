/** What a container writes: the end of its log, followed while it runs. Lines are text, never markup. */

import { html, nothing } from "lit";
import { refOf } from "../actions.js";
import { kubePath } from "../api.js";
import { t } from "../i18n/index.js";
import { kubectl } from "../kubectl.js";
import { both, mount } from "../ui/mount.js";
import { emptyState, kubectlLine } from "../ui/parts.js";

/** @typedef {import("../context.js").Context} Context @typedef {import("../types.js").Thin} Thin */

const TAIL = 500;
const KEPT_LINES = 5000;
const AGAIN_MS = 1500;

/** @param {HTMLElement} element @param {Context} context @returns {() => void} undo */
export function mountLogs(element, context) {
  const { ui, api, store } = context;
  const state = { pod: "", container: "", containers: /** @type {string[]} */ ([]), lines: /** @type {string[]} */ ([]), filter: "", follow: true, previous: false, problem: "" };
  let timer = 0;
  let stop = new AbortController();
  let wakeUp = () => {};

  /** @param {Partial<typeof state>} patch */
  const set = (patch) => (Object.assign(state, patch), wakeUp());
  const pod = () => store.kind("Pod").get(state.pod);

  /** @param {Thin} thin */
  async function choose(thin) {
    set({ pod: thin.uid, container: "", containers: [], lines: [], problem: "" });
    try {
      const { spec } = await api.get(refOf(thin));
      const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map((one) => String(one.name));
      if (state.pod === thin.uid) set({ containers, container: containers[0] ?? "" });
    } catch (error) {
      return set({ problem: error instanceof Error ? error.message : String(error) });
    }
    return read();
  }

  /** Read the log from its end on; when the stream ends and the log is followed, look again a little later. */
  async function read() {
    stop.abort();
    clearTimeout(timer);
    const mine = (stop = new AbortController());
    const thin = pod();
    if (!thin) return;
    const query = new URLSearchParams({ tailLines: String(TAIL), ...(state.container ? { container: state.container } : {}), ...(state.follow ? { follow: "true" } : {}), ...(state.previous ? { previous: "true" } : {}) });
    let text = "";
    try {
      await api.stream(`${kubePath(refOf(thin))}/log?${query}`, mine.signal, (piece) => {
        text += piece;
        if (!mine.signal.aborted) show(text);
      });
      if (mine.signal.aborted) return;
      show(text);
    } catch (error) {
      if (mine.signal.aborted) return;
      set({ lines: [], problem: error instanceof Error ? error.message : String(error) });
    }
    if (state.follow && ui.get().drawer === "logs") timer = window.setTimeout(read, AGAIN_MS);
  }

  /** @param {string} text */
  function show(text) {
    const box = element.querySelector(".log");
    const atEnd = !box || box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    set({ lines: text.replace(/\n$/, "").split("\n").slice(-KEPT_LINES), problem: "" });
    if (atEnd) requestAnimationFrame(() => requestAnimationFrame(() => element.querySelector(".log")?.scrollTo({ top: 1e9 })));
  }

  function bar() {
    const pods = store.all("Pod").filter((one) => !ui.get().namespace || one.ns === ui.get().namespace).sort((a, b) => `${a.ns}/${a.name}`.localeCompare(`${b.ns}/${b.name}`));
    const thin = pod();
    return html`<div class="explorer-bar">
      <select class="chip chip-select logs-pod" aria-label=${t("logs.pod")} @change=${(/** @type {any} */ event) => pick(event.target.value)}>
        <option value="" ?selected=${!thin}>${t("logs.choose")}</option>
        ${pods.map((one) => html`<option value=${one.uid} ?selected=${one.uid === state.pod}>${one.ns}/${one.name}</option>`)}
      </select>
      ${state.containers.length > 1 ? html`<select class="chip chip-select" aria-label=${t("logs.container")} @change=${(/** @type {any} */ event) => (set({ container: event.target.value }), void read())}>${state.containers.map((name) => html`<option value=${name} ?selected=${name === state.container}>${name}</option>`)}</select>` : nothing}
      <input class="explorer-search" type="search" aria-label=${t("logs.filter")} placeholder=${t("logs.filter")} .value=${state.filter} @input=${(/** @type {any} */ event) => set({ filter: event.target.value })} />
      <button class="chip" type="button" aria-pressed=${state.follow} @click=${() => (set({ follow: !state.follow }), void read())}>${t("logs.follow")}</button>
      <button class="chip" type="button" aria-pressed=${state.previous} @click=${() => (set({ previous: !state.previous }), void read())}>${t("logs.previous")}</button>
      ${thin ? html`<div class="explorer-line">${kubectlLine(context, kubectl.logs(refOf(thin), state.container, state.follow))}</div>` : nothing}
    </div>`;
  }

  /** @param {string} uid */
  function pick(uid) {
    const thin = store.kind("Pod").get(uid);
    if (thin) void choose(thin);
  }

  function view() {
    const wanted = state.filter.toLowerCase();
    const lines = wanted ? state.lines.filter((line) => line.toLowerCase().includes(wanted)) : state.lines;
    const body = state.problem
      ? html`<p class="problem pane-pad" role="alert">${state.problem}</p>`
      : state.pod
        ? html`<pre class="log code" tabindex="0" role="log" aria-label=${t("drawer.logs")}>${lines.join("\n")}</pre>`
        : emptyState(t("logs.empty"), t("logs.emptyHint"));
    return html`${bar()}${body}`;
  }

  /** The pod that is selected in the picture, if one is. */
  function adopt() {
    const selected = ui.get().selected;
    const thin = selected ? store.kind("Pod").get(selected) : undefined;
    if (thin && thin.uid !== state.pod && ui.get().drawer === "logs") void choose(thin);
  }

  /** @type {import("../ui/mount.js").Source} */
  const own = (wake) => {
    wakeUp = wake;
    return () => {};
  };
  const undo = [
    mount(element, view, { sources: [...both(context), own], everyMs: 60 }),
    ui.subscribe((now, old) => {
      if (now.selected !== old.selected || now.drawer !== old.drawer) adopt();
      if (now.drawer !== "logs" && old.drawer === "logs") (stop.abort(), clearTimeout(timer));
      else if (now.drawer === "logs" && old.drawer !== "logs") void read();
    }),
  ];
  adopt();
  return () => {
    stop.abort();
    clearTimeout(timer);
    undo.forEach((step) => step());
  };
}
