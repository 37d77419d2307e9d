/** Shells on the cluster's machines, where the real kubectl runs: one tab each, and all there again after a reload. Loaded when opened. */

import { html, nothing } from "lit";
import { t } from "../i18n/index.js";
import { icon } from "../ui/icons.js";
import { mount } from "../ui/mount.js";
import { emptyState } from "../ui/parts.js";

export { terminalUrl } from "../terminal/shell.js";

/** @typedef {import("../context.js").Context} Context */
/** @typedef {import("../terminal/shell.js").Edit} Edit */
/** @typedef {ReturnType<typeof import("../terminal/shell.js")["openShell"]>} Shell */
/** @typedef {{key: number, host: HTMLElement, shell: Shell}} Tab */

const MASTER = "control-plane";

/** Which shells were open here: their machines and sessions. @param {string} name @returns {Array<{node: string, session: string}>} */
function remembered(name) {
  try {
    const found = JSON.parse(sessionStorage.getItem(name) ?? "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one?.node === "string" && typeof one?.session === "string") : [];
  } catch {
    return [];
  }
}

/** @param {HTMLElement} element @param {Context} context @returns {() => void} undo */
export function mountTerminal(element, context) {
  const { store, ui, cluster } = context;
  const kept = `shells:${cluster}`;
  const state = { tabs: /** @type {Tab[]} */ ([]), chosen: 0, node: "", edit: /** @type {Edit | null} */ (null) };
  /** @type {typeof import("../terminal/shell.js") | undefined} */
  let module;
  /** @type {{text: () => string, focus: () => void, close: () => void} | undefined} */
  let editor;
  let counter = 0;
  let over = false;
  let wakeUp = () => {};

  const chosen = () => state.tabs.find((tab) => tab.key === state.chosen);
  const nodes = () => store.all("Node").map((node) => node.name).sort();
  const nameOf = (/** @type {string} */ node) => node || MASTER;

  /** Something of a shell has changed: it is shown, and remembered for the next page. */
  function changed() {
    const open = state.tabs.filter(({ shell }) => shell.session).map(({ shell: { node, session } }) => ({ node, session }));
    sessionStorage.setItem(kept, JSON.stringify(open));
    if (over) return;
    for (const { key, host, shell } of state.tabs) host.hidden = key !== state.chosen || shell.status === "missing";
    wakeUp();
  }

  /** @param {string} node @param {string} [session] */
  function open(node, session = "") {
    const place = element.querySelector(".terminal-hosts");
    if (!module || !place) return;
    const host = document.createElement("div");
    host.className = "terminal-host";
    place.append(host);
    const key = (counter += 1);
    const label = counter > 1 ? `${t("terminal.label")} ${counter}` : t("terminal.label");
    const shell = module.openShell(host, { cluster, node, session, label, changed: () => changed(), edit: (edit) => void startEditing(key, edit) });
    state.tabs.push({ key, host, shell });
    choose(key);
  }
  /** @param {number} key */
  function choose(key) {
    state.chosen = key;
    changed();
    requestAnimationFrame(() => (chosen()?.shell.fit(), chosen()?.shell.focus()));
  }
  /** @param {Tab} tab */
  function end(tab) {
    tab.shell.send({ type: "input", data: "\u0003exit\r" });
    tab.shell.close();
    tab.host.remove();
    state.tabs = state.tabs.filter((one) => one !== tab);
    if (state.tabs.length) choose((chosen() ?? state.tabs[0]).key);
    else open("");
  }

  /** @param {number} key @param {Edit} edit */
  async function startEditing(key, edit) {
    const [{ openEditor }, { createSchemas }] = await Promise.all([import("../editor/codemirror.js"), import("../editor/schema.js")]);
    choose(key);
    state.edit = edit;
    wakeUp();
    await new Promise(requestAnimationFrame);
    const host = /** @type {HTMLElement | null} */ (element.querySelector(".terminal-editor"));
    if (over || !host) return;
    editor?.close();
    editor = openEditor(host, { text: edit.content, label: t("terminal.edit", { path: edit.path }), required: "", apply: save, changed: () => {}, schemas: createSchemas(context.api) });
    editor.focus();
  }
  /** @param {Event} [event] */
  function save(event) {
    event?.preventDefault();
    if (state.edit && editor) chosen()?.shell.send({ type: "save", path: state.edit.path, content: editor.text() });
    leave();
  }
  function leave() {
    editor?.close();
    editor = undefined;
    state.edit = null;
    wakeUp();
    chosen()?.shell.focus();
  }

  /** @param {Tab} tab */
  const tabButton = (tab) => {
    const node = nameOf(tab.shell.node);
    return html`<span class="terminal-tab"><button class="chip" type="button" aria-pressed=${tab.key === state.chosen} @click=${() => choose(tab.key)}>${node}</button>
      ${state.tabs.length > 1 ? html`<button class="button button-quiet button-icon" type="button" aria-label=${t("terminal.end", { node })} title=${t("terminal.end", { node })} @click=${() => end(tab)}>${icon("close")}</button>` : nothing}</span>`;
  };
  const bar = () => html`<div class="terminal-bar" role="group" aria-label=${t("terminal.tabs")}>
    ${state.tabs.map(tabButton)}
    <select class="chip chip-select" aria-label=${t("terminal.machine")} @change=${(/** @type {any} */ event) => ((state.node = event.target.value), wakeUp())}>
      ${(nodes().length ? nodes() : [MASTER]).map((name) => html`<option value=${name === MASTER ? "" : name} ?selected=${name === nameOf(state.node)}>${name}</option>`)}
    </select>
    <button class="button button-quiet button-icon" type="button" aria-label=${t("terminal.new", { node: nameOf(state.node) })} title=${t("terminal.new", { node: nameOf(state.node) })} @click=${() => open(state.node)}>${icon("add")}</button>
  </div>`;
  const again = () => html`<button class="button" type="button" @click=${() => chosen()?.shell.connect()}>${t("terminal.again")}</button>`;
  const notice = () => {
    const status = chosen()?.shell.status;
    if (status === "missing") return html`<div class="terminal-notice">${emptyState(t("terminal.missing"), t("terminal.missingHint"), again())}</div>`;
    if (status === "closed") return html`<div class="terminal-notice terminal-closed"><p>${t("terminal.closed")}</p>${again()}</div>`;
    return nothing;
  };
  const editForm = () =>
    state.edit
      ? html`<form class="terminal-edit" @submit=${save}>
          <p>${t("terminal.edit", { path: state.edit.path })}</p><div class="terminal-editor"></div>
          <div class="form-buttons"><button class="button" type="button" @click=${leave}>${t("common.cancel")}</button><button class="button button-primary" type="submit">${t("terminal.save")}</button></div>
        </form>`
      : nothing;
  const view = () => html`${bar()}<div class="terminal-hosts" ?hidden=${chosen()?.shell.status === "missing"}></div>${notice()}${editForm()}`;

  async function load() {
    module = await import("../terminal/shell.js");
    if (over) return;
    const before = remembered(kept);
    for (const { node, session } of before) open(node, session);
    if (!before.length) open("");
  }

  /** @type {import("../ui/mount.js").Source} */
  const own = (wake) => {
    wakeUp = wake;
    return () => {};
  };
  const undo = mount(element, view, { sources: [own] });
  const unsubscribe = ui.subscribe((now, old) => now.drawer === "terminal" && old.drawer !== "terminal" && requestAnimationFrame(() => (chosen()?.shell.fit(), chosen()?.shell.focus())));
  load().catch((error) => context.toast({ tone: "bad", text: String(error) }));
  return () => {
    over = true;
    editor?.close();
    for (const { shell } of state.tabs) shell.close();
    unsubscribe();
    undo();
  };
}
