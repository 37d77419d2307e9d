/** A shell on the cluster, where the real kubectl runs: xterm.js over a websocket of its own. Loaded when opened. */

import { html, nothing } from "lit";
import { t } from "../i18n/index.js";
import { mount } from "../ui/mount.js";
import { emptyState } from "../ui/parts.js";

/** @typedef {import("../context.js").Context} Context */
/** @typedef {{path: string, content: string}} Edit */

/** @param {string} cluster @param {Location} where */
export const terminalUrl = (cluster, where) => `${where.protocol === "https:" ? "wss:" : "ws:"}//${where.host}/ws/clusters/${encodeURIComponent(cluster)}/terminal/`;

/** @param {HTMLElement} element @param {Context} context @returns {() => void} undo */
export function mountTerminal(element, context) {
  const state = { status: /** @type {"connecting" | "open" | "closed" | "missing"} */ ("connecting"), edit: /** @type {Edit | null} */ (null) };
  /** @type {Awaited<ReturnType<typeof import("../terminal/xterm.js")["openTerminal"]>> | undefined} */
  let terminal;
  /** @type {WebSocket | undefined} */
  let socket;
  let over = false;
  let wakeUp = () => {};

  /** @param {Partial<typeof state>} patch */
  const set = (patch) => (Object.assign(state, patch), over || wakeUp());
  /** @param {object} message */
  const send = (message) => socket?.readyState === WebSocket.OPEN && socket.send(JSON.stringify(message));

  /** @param {MessageEvent} event */
  function hear(event) {
    const message = JSON.parse(event.data);
    if (message.type === "output") terminal?.write(String(message.data));
    else if (message.type === "exit") socket?.close();
    else if (message.type === "edit") set({ edit: { path: String(message.path), content: String(message.content) } });
  }

  function connect() {
    let opened = false;
    set({ status: "connecting" });
    socket = new WebSocket(terminalUrl(context.cluster, location));
    socket.onopen = () => {
      opened = true;
      set({ status: "open" });
      terminal?.fit();
      send({ type: "resize", ...terminal?.size() });
      terminal?.focus();
    };
    socket.onmessage = hear;
    socket.onclose = () => set({ status: opened ? "closed" : "missing" });
  }

  /** @param {SubmitEvent} event */
  function save(event) {
    event.preventDefault();
    const content = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("content") ?? "");
    if (state.edit) send({ type: "save", path: state.edit.path, content });
    leave();
  }
  function leave() {
    set({ edit: null });
    terminal?.focus();
  }

  const again = () => html`<button class="button" type="button" @click=${connect}>${t("terminal.again")}</button>`;
  const notice = () => {
    if (state.status === "missing") return html`<div class="terminal-notice">${emptyState(t("terminal.missing"), t("terminal.missingHint"), again())}</div>`;
    if (state.status === "closed") return html`<div class="terminal-notice terminal-closed"><p>${t("terminal.closed")}</p>${again()}</div>`;
    return nothing;
  };
  const editForm = () =>
    state.edit
      ? html`<form class="terminal-edit" @submit=${save}>
          <label><span>${t("terminal.edit", { path: state.edit.path })}</span><textarea class="code" name="content" spellcheck="false" .value=${state.edit.content}></textarea></label>
          <div class="form-buttons"><button class="button" type="button" @click=${leave}>${t("common.cancel")}</button><button class="button button-primary" type="submit">${t("terminal.save")}</button></div>
        </form>`
      : nothing;
  const view = () => html`<div class="terminal-host" ?hidden=${state.status === "missing"}></div>${notice()}${editForm()}`;

  async function load() {
    const { openTerminal } = await import("../terminal/xterm.js");
    const host = /** @type {HTMLElement | null} */ (element.querySelector(".terminal-host"));
    if (over || !host) return;
    terminal = openTerminal(host, { label: t("terminal.label"), input: (data) => send({ type: "input", data }), resized: (size) => send({ type: "resize", ...size }) });
    connect();
  }

  /** @type {import("../ui/mount.js").Source} */
  const own = (wake) => {
    wakeUp = wake;
    return () => {};
  };
  const undo = mount(element, view, { sources: [own] });
  const unsubscribe = context.ui.subscribe((now, old) => now.drawer === "terminal" && old.drawer !== "terminal" && requestAnimationFrame(() => (terminal?.fit(), terminal?.focus())));
  load().catch((error) => context.toast({ tone: "bad", text: String(error) }));
  return () => {
    over = true;
    socket?.close();
    terminal?.close();
    unsubscribe();
    undo();
  };
}
