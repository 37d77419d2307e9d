/** The drawer at the bottom: events or YAML. What is not shown is not mounted; the editor's text survives while the page is open. */

import { html } from "lit";
import { t } from "../i18n/index.js";
import { icon } from "../ui/icons.js";
import { mount } from "../ui/mount.js";
import { mountEditor } from "./editor.js";
import { mountEvents } from "./events.js";
import { arrowTabs } from "./inspector.js";

/** @type {Array<"events" | "yaml">} */
const TABS = ["yaml", "events"];

/** @param {HTMLElement} element @param {import("../context.js").Context} context @returns {() => void} undo */
export function mountDrawer(element, context) {
  const { ui } = context;
  const head = document.createElement("div");
  head.className = "drawer-head";
  const panes = { yaml: document.createElement("div"), events: document.createElement("div") };
  for (const tab of TABS) Object.assign(panes[tab], { className: `drawer-body drawer-${tab}`, id: `drawer-${tab}`, hidden: true });
  element.replaceChildren(head, panes.yaml, panes.events);
  /** @type {Partial<Record<"events" | "yaml", () => void>>} */
  const mounted = {};

  const view = () => html`<div class="tabs" role="tablist" aria-label=${t("drawer.label")} @keydown=${arrowTabs}>
      ${TABS.map(
        (tab) => html`<button class="tab" type="button" role="tab" id="drawer-tab-${tab}" aria-controls="drawer-${tab}" aria-selected=${ui.get().drawer === tab} tabindex=${ui.get().drawer === tab ? 0 : -1}
          @click=${() => ui.set({ drawer: tab })}>${t(`drawer.${tab}`)}</button>`,
      )}
    </div>
    <button class="button button-quiet button-icon" type="button" aria-label=${t("drawer.close")} title=${t("drawer.close")} @click=${() => ui.set({ drawer: "" })}>${icon("close")}</button>`;

  function show() {
    const { drawer } = ui.get();
    element.hidden = !drawer;
    for (const tab of TABS) {
      panes[tab].hidden = drawer !== tab;
      if (drawer === tab) mounted[tab] ??= tab === "yaml" ? mountEditor(panes.yaml, context) : mountEvents(panes.events, context);
    }
    for (const tab of TABS) {
      panes[tab].setAttribute("role", "tabpanel");
      panes[tab].setAttribute("aria-labelledby", `drawer-tab-${tab}`);
    }
  }

  show();
  const undo = [mount(head, view, { sources: [(wake) => ui.subscribe(wake)] }), ui.subscribe((now, old) => now.drawer !== old.drawer && show())];
  return () => [...undo, ...Object.values(mounted)].forEach((step) => step?.());
}
