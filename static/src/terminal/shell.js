/** One shell of the terminal: its window, its websocket, its session, which outlives the page. */

import { openTerminal } from "./xterm.js";

/** @typedef {{path: string, content: string}} Edit @typedef {"connecting" | "open" | "closed" | "missing"} Status */

/** @param {string} cluster @param {Location} where @param {Record<string, string>} [query] */
export function terminalUrl(cluster, where, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value);
  const text = given.length ? `?${new URLSearchParams(given)}` : "";
  return `${where.protocol === "https:" ? "wss:" : "ws:"}//${where.host}/ws/clusters/${encodeURIComponent(cluster)}/terminal/${text}`;
}

/**
 * @param {HTMLElement} host
 * @param {object} options
 * @param {string} options.cluster
 * @param {string} options.node "" for the control plane's machine
 * @param {string} options.session "" for a new one
 * @param {string} options.label
 * @param {() => void} options.changed told of a new status or session
 * @param {(edit: Edit) => void} options.edit
 */
export function openShell(host, { cluster, node, session, label, changed, edit }) {
  const shell = { node, session, status: /** @type {Status} */ ("connecting"), send, connect, focus: () => terminal.focus(), fit: () => terminal.fit(), close };
  /** @type {WebSocket | undefined} */
  let socket;
  let over = false;
  const terminal = openTerminal(host, { label, input: (data) => send({ type: "input", data }), resized: (size) => send({ type: "resize", ...size }) });

  /** @param {object} message */
  function send(message) {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  }
  /** @param {Status} status */
  function become(status) {
    shell.status = status;
    if (!over) changed();
  }
  /** @param {MessageEvent} event */
  function hear(event) {
    const message = JSON.parse(event.data);
    if (message.type === "output") terminal.write(String(message.data));
    else if (message.type === "session") belong(String(message.id));
    else if (message.type === "exit") belong("");
    else if (message.type === "edit") edit({ path: String(message.path), content: String(message.content) });
  }
  /** To a session; "": to none any more. @param {string} id */
  function belong(id) {
    shell.session = id;
    if (!id) socket?.close();
    if (!over) changed();
  }
  function connect() {
    let opened = false;
    become("connecting");
    socket = new WebSocket(terminalUrl(cluster, location, { node, session: shell.session }));
    socket.onopen = () => {
      opened = true;
      become("open");
      terminal.fit();
      send({ type: "resize", ...terminal.size() });
      terminal.focus();
    };
    socket.onmessage = hear;
    socket.onclose = () => become(opened ? "closed" : "missing");
  }
  function close() {
    over = true;
    socket?.close();
    terminal.close();
  }
  connect();
  return shell;
}
