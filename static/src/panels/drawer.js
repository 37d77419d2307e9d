/** The drawer at the bottom: one pane per tab, each loaded and mounted when first shown; what it holds survives while the page is open. */

import { html, nothing, render } from "lit";
import { t } from "../i18n/index.js";
import { icon } from "../ui/icons.js";
import { mount } from "../ui/mount.js";
import { emptyState } from "../ui/parts.js";
import { arrowTabs } from "./inspector.js";

/** @typedef {import("../context.js").Context} Context @typedef {import("../context.js").DrawerTab} Tab */
/** @typedef {(element: HTMLElement, context: Context) => () => void} Mount */

/** @type {Record<Tab, () => Promise<Mount>>} */
const PANES = {
  yaml: async () => (await import("./editor.js")).mountEditor,
  explorer: async () => (await import("./explorer.js")).mountExplorer,
  logs: async () => (await import("./logs.js")).mountLogs,
  events: async () => (await import("./events.js")).mountEvents,
  charts: async () => (await import("./charts.js")).mountCharts,
  network: async () => (await import("./network.js")).mountNetwork,
  etcd: async () => (await import("./etcd.js")).mountEtcd,
  terminal: async () => (await import("./terminal.js")).mountTerminal,
};
const TABS = /** @type {Tab[]} */ (Object.keys(PANES));

/** @param {Tab} tab */
function makePane(tab) {
  const pane = document.createElement("div");
  Object.assign(pane, { className: `drawer-body drawer-${tab}`, id: `drawer-${tab}`, hidden: true });
  pane.setAttribute("role", "tabpanel");
  pane.setAttribute("aria-labelledby", `drawer-tab-${tab}`);
  return pane;
}

/** @param {HTMLElement} element @param {Context} context @returns {() => void} undo */
export function mountDrawer(element, context) {
  const { ui } = context;
  const head = document.createElement("div");
  head.className = "drawer-head";
  const panes = new Map(TABS.map((tab) => [tab, makePane(tab)]));
  element.replaceChildren(head, ...panes.values());
  /** @type {Map<Tab, Promise<() => void>>} */
  const mounted = new Map();

  /** @param {Tab} tab */
  const button = (tab) => html`<button class="tab" type="button" role="tab" id="drawer-tab-${tab}" aria-controls="drawer-${tab}" aria-selected=${ui.get().drawer === tab}
    tabindex=${ui.get().drawer === tab ? 0 : -1} @click=${() => ui.set({ drawer: tab })}>${t(`drawer.${tab}`)}</button>`;

  function view() {
    const { tall } = ui.get();
    const size = t(tall ? "drawer.smaller" : "drawer.larger");
    return html`<div class="tabs" role="tablist" aria-label=${t("drawer.label")} @keydown=${arrowTabs}>${TABS.map(button)}</div>
      <button class="button button-quiet button-icon drawer-size" type="button" aria-label=${size} title=${size} aria-pressed=${tall} @click=${() => ui.set({ tall: !tall })}>${icon("fit")}</button>
      <button class="button button-quiet button-icon" type="button" aria-label=${t("drawer.close")} title=${t("drawer.close")} @click=${() => ui.set({ drawer: "" })}>${icon("close")}</button>`;
  }

  /** What a pane needs is loaded when it is opened; where that fails the pane says so, until the connection is back. @param {Tab} tab @param {HTMLElement} pane */
  async function load(tab, pane) {
    try {
      const mountPane = await PANES[tab]();
      render(nothing, pane);
      return mountPane(pane, context);
    } catch {
      mounted.delete(tab);
      // A browser may remember that a module could not be had; the address knows which pane is open.
      const again = html`<button class="button" type="button" @click=${() => location.reload()}>${t("drawer.again")}</button>`;
      render(html`<div class="drawer-failed" role="alert">${emptyState(t("drawer.failed"), t("error.unreached"), again)}</div>`, pane);
      return () => {};
    }
  }

  function show() {
    const { drawer, tall } = ui.get();
    element.hidden = !drawer;
    element.classList.toggle("drawer-tall", tall);
    for (const [tab, pane] of panes) {
      pane.hidden = drawer !== tab;
      if (drawer === tab && !mounted.has(tab)) mounted.set(tab, load(tab, pane));
    }
  }

  let away = false;
  /** What could not be loaded is tried again once the connection is back. */
  function retry() {
    const live = context.store.state.connection === "live";
    if (live && away) show();
    away = !live;
  }

  show();
  const undo = [mount(head, view, { sources: [(wake) => ui.subscribe(wake)] }), ui.subscribe((now, old) => (now.drawer !== old.drawer || now.tall !== old.tall) && show()), context.store.subscribe(retry)];
  return () => {
    undo.forEach((step) => step());
    for (const pane of mounted.values()) void pane.then((step) => step());
  };
}
