/** What lies in etcd, live: keys below a prefix with their revisions, a key's value, and the versions of it that are kept. */

import { html, nothing } from "lit";
import { t } from "../i18n/index.js";
import { everySoOften, mount } from "../ui/mount.js";
import { emptyState } from "../ui/parts.js";

/** @typedef {import("../context.js").Context} Context */
/** @typedef {{key: string, created: number, modified: number, version: number}} Facts */
/** @typedef {{value: (Facts & {text: string}) | null, versions: Array<{revision: number, version: number}>}} One */

const REFRESH_MS = 700;
/** How often to look for changes that the picture is not told of, such as those of ConfigMaps. */
const LOOK_MS = 2000;
const TYPING_MS = 250;

/** A value as people read it: JSON in lines, anything else as it is. @param {string} text */
export function readable(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** @param {HTMLElement} element @param {Context} context @returns {() => void} undo */
export function mountEtcd(element, context) {
  const { ui, store, api } = context;
  const state = {
    prefix: "/registry/",
    chosen: "",
    at: 0,
    revision: 0,
    count: 0,
    keys: /** @type {Facts[]} */ ([]),
    one: /** @type {One | null} */ (null),
    problem: "",
    loading: true,
  };
  let timer = 0;
  let asked = 0;
  let over = false;
  let wakeUp = () => {};

  /** @param {Partial<typeof state>} patch */
  function set(patch) {
    Object.assign(state, patch);
    if (!over) wakeUp();
  }

  async function refresh() {
    if (over) return;
    const mine = (asked += 1);
    const { prefix, chosen, at } = state;
    try {
      const [listed, one] = await Promise.all([api.etcd({ prefix }), chosen ? api.etcd({ key: chosen, revision: at }) : null]);
      if (mine === asked) set({ keys: listed.keys, count: listed.count, revision: listed.revision, one, problem: "", loading: false });
    } catch (error) {
      if (mine === asked) set({ problem: error instanceof Error ? error.message : String(error), loading: false });
    }
  }

  /** Look again soon, while anybody looks. @param {number} [ms] */
  function later(ms = REFRESH_MS) {
    if (timer || ui.get().drawer !== "etcd") return;
    timer = window.setTimeout(() => ((timer = 0), void refresh()), ms);
  }

  /** @param {string} prefix */
  function search(prefix) {
    set({ prefix });
    window.clearTimeout(timer);
    timer = 0;
    later(TYPING_MS);
  }

  /** @param {string} chosen @param {number} [at] */
  function choose(chosen, at = 0) {
    set({ chosen, at, one: at ? state.one : null });
    void refresh();
  }

  const tools = () => html`<div class="explorer-bar">
    <input class="explorer-search" type="search" spellcheck="false" aria-label=${t("etcd.search")} placeholder=${t("etcd.search")} .value=${state.prefix}
      @input=${(/** @type {any} */ event) => search(event.target.value)} />
    <p class="muted" role="status">${t("etcd.revision", { n: state.revision })}, ${t("etcd.count", { n: state.count })}</p>
  </div>`;

  function list() {
    if (!state.keys.length) return state.loading ? html`<p class="loading" role="status">${t("inspector.loading")}</p>` : emptyState(t("etcd.none"), t("etcd.noneHint"));
    return html`<table class="table explorer-table">
      <thead><tr><th scope="col">${t("etcd.key")}</th><th scope="col">${t("etcd.modified")}</th><th scope="col">${t("etcd.version")}</th></tr></thead>
      <tbody>${state.keys.map(
        ({ key, modified, version }) => html`<tr class=${key === state.chosen ? "chosen" : ""}>
          <th scope="row"><button class="link" type="button" aria-pressed=${key === state.chosen} @click=${() => choose(key)}>${key}</button></th><td>${modified}</td><td>${version}</td>
        </tr>`,
      )}</tbody>
    </table>`;
  }

  /** @param {{revision: number, version: number}} kept */
  const versionButton = ({ revision, version }) => html`<button class="chip" type="button" ?disabled=${!version} aria-pressed=${state.at === revision} @click=${() => choose(state.chosen, revision)}>${revision}${version ? nothing : ` ${t("etcd.deleted")}`}</button>`;

  function value() {
    if (!state.chosen) return emptyState(t("etcd.choose"), "");
    if (!state.one) return html`<p class="loading" role="status">${t("inspector.loading")}</p>`;
    const { value: found, versions } = state.one;
    return html`<div class="layers" role="group" aria-label=${t("etcd.versions")}>
        <button class="chip" type="button" aria-pressed=${!state.at} @click=${() => choose(state.chosen)}>${t("etcd.now")}</button>${versions.map(versionButton)}
      </div>
      ${found ? html`<pre class="log" tabindex="0" aria-label=${t("etcd.value", { key: state.chosen })}>${readable(found.text)}</pre>` : emptyState(t("etcd.gone"), t("etcd.goneHint"))}`;
  }

  const view = () => html`${tools()}${state.problem ? html`<p class="problem" role="alert">${state.problem}</p>` : nothing}
    <div class="etcd-halves"><div class="events-body" tabindex="0" role="region" aria-label=${t("drawer.etcd")}>${list()}</div><div class="etcd-value">${value()}</div></div>`;

  /** @type {import("../ui/mount.js").Source} */
  const own = (wake) => {
    wakeUp = wake;
    return () => {};
  };
  const undo = [
    mount(element, view, { sources: [own] }),
    store.subscribe(() => later()),
    everySoOften(LOOK_MS)(() => document.hidden || later()),
    ui.subscribe((now, old) => now.drawer === "etcd" && old.drawer !== "etcd" && void refresh()),
  ];
  void refresh();
  return () => {
    over = true;
    window.clearTimeout(timer);
    undo.forEach((step) => step());
  };
}
