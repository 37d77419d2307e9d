/** The explorer: a table of any kind with the server's own columns, searched and filtered; the address keeps the filters. */

import { html, nothing } from "lit";
import { discover } from "../discovery.js";
import { attempt, confirmed } from "../actions.js";
import { t } from "../i18n/index.js";
import { icon } from "../ui/icons.js";
import { keepInAddress, readAddress } from "../address.js";
import { mount } from "../ui/mount.js";
import { emptyState, kubectlLine } from "../ui/parts.js";
import { kubectl } from "../kubectl.js";

/** @typedef {import("../context.js").Context} Context @typedef {import("../discovery.js").Served} Served */
/** @typedef {{columnDefinitions: Array<{name: string, priority: number, type: string}>, rows: Array<{cells: any[], object: any}>, metadata?: any}} Table */

const TABLE = { Accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };
const MOST = 500;
const REFRESH_MS = 800;

/** Rows in which every word occurs somewhere. @param {Table["rows"]} rows @param {string} query */
export function matching(rows, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return rows;
  return rows.filter(({ cells, object }) => {
    const labels = Object.entries(object?.metadata?.labels ?? {}).map(([key, value]) => `${key}=${value}`);
    const text = [...cells, object?.metadata?.namespace ?? "", ...labels].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** @param {Table["rows"]} rows @param {number} column @param {boolean} down */
export function sorted(rows, column, down) {
  if (column < 0) return rows;
  const collator = new Intl.Collator("en", { numeric: true });
  const order = [...rows].sort((a, b) => collator.compare(String(a.cells[column] ?? ""), String(b.cells[column] ?? "")));
  return down ? order.reverse() : order;
}

/** @param {HTMLElement} element @param {Context} context @returns {() => void} undo */
export function mountExplorer(element, context) {
  const { ui, api, store } = context;
  const kept = readAddress();
  const state = {
    kinds: /** @type {Served[]} */ ([]),
    kind: kept.kind || "pods",
    query: kept.q || "",
    wide: false,
    column: -1,
    down: false,
    table: /** @type {Table | undefined} */ (undefined),
    problem: "",
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
  const served = () => state.kinds.find((one) => one.id === state.kind) ?? state.kinds.find((one) => one.plural === state.kind);

  async function refresh() {
    const one = served();
    if (!one || over) return;
    const mine = (asked += 1);
    const { namespace } = ui.get();
    const scope = one.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : "";
    try {
      const table = await api.kube(`${one.base}${scope}/${one.plural}?limit=${MOST}`, TABLE);
      if (mine === asked) set({ table, problem: "" });
    } catch (error) {
      if (mine === asked) set({ table: undefined, problem: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Look again soon, while anybody looks. */
  function later() {
    if (timer || ui.get().drawer !== "explorer") return;
    timer = window.setTimeout(() => ((timer = 0), void refresh()), REFRESH_MS);
  }

  /** @param {any} object */
  async function open(object) {
    const one = served();
    const { uid, namespace, name } = object?.metadata ?? {};
    if (uid && store.byUid(uid)) return context.select(uid);
    if (!one || !name) return undefined;
    const [{ stringify }, whole] = await Promise.all([import("yaml"), api.kube(`${one.base}${namespace ? `/namespaces/${namespace}` : ""}/${one.plural}/${encodeURIComponent(name)}`)]);
    delete whole.metadata?.managedFields;
    return ui.set({ drawer: "yaml", editorText: stringify(whole, { lineWidth: 0 }) });
  }

  /** @param {any} object */
  const go = (object) => void open(object)?.catch((error) => context.toast({ tone: "bad", text: error.message }));

  /** @param {any} object */
  function remove({ metadata: { name, namespace } }) {
    const one = served();
    if (!one) return;
    const line = kubectl.remove({ kind: one.kind, ns: namespace, name });
    const path = `${one.base}${namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ""}/${one.plural}/${encodeURIComponent(name)}`;
    const then = () => attempt(context, { done: t("done.deleted", { name }), line }, () => api.call("DELETE", `${api.kubeUrl}/${path}`)).then(refresh);
    confirmed(context, t("confirm.delete", { kind: one.kind, name }), line, then);
  }

  /** @param {any} object */
  const removeButton = (object) => html`<button class="button button-quiet button-icon" type="button" aria-label=${t("dashboard.delete", { name: object.metadata.name })} title=${t("action.delete")} @click=${() => remove(object)}>${icon("trash")}</button>`;

  function choose(/** @type {string} */ kind) {
    set({ kind, table: undefined, problem: "", column: -1 });
    keepInAddress({ kind });
    void refresh();
  }

  function tools() {
    const groups = [...new Set(state.kinds.map((one) => one.group))];
    return html`<div class="explorer-bar">
      <select class="chip chip-select" aria-label=${t("explorer.kind")} @change=${(/** @type {any} */ event) => choose(event.target.value)}>
        ${groups.map((group) => html`<optgroup label=${group || t("explorer.core")}>
          ${state.kinds.filter((one) => one.group === group).map((one) => html`<option value=${one.id} ?selected=${one === served()}>${one.kind}</option>`)}</optgroup>`)}
      </select>
      <input class="explorer-search" type="search" aria-label=${t("explorer.search")} placeholder=${t("explorer.search")} .value=${state.query}
        @input=${(/** @type {any} */ event) => (set({ query: event.target.value }), keepInAddress({ q: event.target.value }))} />
      <button class="chip" type="button" aria-pressed=${state.wide} @click=${() => set({ wide: !state.wide })}>${t("explorer.wide")}</button>
      <div class="explorer-line">${kubectlLine(context, kubectl.list(state.kind, served()?.namespaced ? ui.get().namespace : "", !!served()?.namespaced, state.wide))}</div>
    </div>`;
  }

  /** @param {Table} table */
  function grid(table) {
    const rows = sorted(matching(table.rows ?? [], state.query), state.column, state.down);
    if (!rows.length) return emptyState(t("explorer.none"), state.query ? t("explorer.noMatch") : t("explorer.noneHint"));
    const columns = table.columnDefinitions.map((column, index) => ({ ...column, index })).filter((column) => state.wide || !column.priority);
    const spaces = !!served()?.namespaced && !ui.get().namespace;
    return html`<table class="table explorer-table">
      <thead><tr>${spaces ? html`<th scope="col">${t("fact.namespace")}</th>` : nothing}${columns.map(header)}<th scope="col"><span class="visually-hidden">${t("inspector.actions")}</span></th></tr></thead>
      <tbody>${rows.map(
        ({ cells, object }) => html`<tr class=${object?.metadata?.uid === ui.get().selected ? "chosen" : ""}>
          ${spaces ? html`<td class="muted">${object?.metadata?.namespace}</td>` : nothing}
          ${columns.map(({ index }) => (index ? html`<td>${cells[index] ?? ""}</td>` : html`<th scope="row"><button class="link" type="button" @click=${() => go(object)}>${cells[0]}</button></th>`))}
          <td class="explorer-actions">${object?.metadata?.name ? removeButton(object) : nothing}</td>
        </tr>`,
      )}</tbody>
    </table>
    ${table.metadata?.remainingItemCount ? html`<p class="empty-hint">${t("diagram.more", { n: table.metadata.remainingItemCount })}</p>` : nothing}`;
  }

  /** @param {{name: string, index: number}} column */
  function header({ name, index }) {
    const chosen = state.column === index;
    return html`<th scope="col" aria-sort=${chosen ? (state.down ? "descending" : "ascending") : nothing}>
      <button class="sort" type="button" @click=${() => set({ column: index, down: chosen && !state.down })}>${name}<span aria-hidden="true">${chosen ? (state.down ? " ↓" : " ↑") : ""}</span></button>
    </th>`;
  }

  const body = () => (state.problem ? html`<p class="problem" role="alert">${state.problem}</p>` : state.table ? grid(state.table) : html`<p class="loading" role="status">${t("inspector.loading")}</p>`);
  const view = () => html`${tools()}<div class="events-body" tabindex="0" role="region" aria-label=${t("drawer.explorer")}>${body()}</div>`;

  /** @type {import("../ui/mount.js").Source} */
  const own = (wake) => {
    wakeUp = wake;
    return () => {};
  };
  const undo = [
    mount(element, view, { sources: [own] }),
    store.subscribe(later),
    ui.subscribe((now, old) => (now.namespace !== old.namespace || (now.drawer === "explorer" && old.drawer !== "explorer") ? void refresh() : now.selected !== old.selected && wakeUp())),
  ];
  discover(api).then((kinds) => (set({ kinds }), refresh()), (error) => set({ problem: error.message }));
  return () => {
    over = true;
    clearTimeout(timer);
    undo.forEach((step) => step());
  };
}
