/**
 * The presenter's side: sends what this page shows to whoever follows, some times a second at most, and counts them.
 * Comes back after a lost connection, like the feed.
 */

import { viewOf } from "./view.js";

const EVERY_MS = 80;
const AGAIN_MS = 5000; // the newest view once more: a follower that missed one is right again
const PAUSE_MS = 1000;

/** @param {import("../context.js").Context} context @param {string} token @param {(url: string) => WebSocket} [open] @returns {() => void} undo */
export function share(context, token, open = (url) => new WebSocket(url)) {
  const { ui, store } = context;
  let over = false;
  let timer = 0;
  /** @type {WebSocket | undefined} */
  let wire;

  const send = () => {
    timer = 0;
    if (wire?.readyState === 1) wire.send(JSON.stringify({ type: "view", view: viewOf(ui.get(), context.diagram?.frame() ?? null, store.state.past === null ? null : store.state.revision) }));
  };
  const soon = () => void (timer ||= window.setTimeout(send, EVERY_MS));

  /** @param {MessageEvent} event */
  function hear({ data }) {
    const message = JSON.parse(data);
    const { sharing } = ui.get();
    if (message.type === "followers" && sharing) ui.set({ sharing: { ...sharing, followers: message.count } });
    else if (message.type === "end") stop();
    else if (message.type === "error") context.toast({ tone: "bad", text: String(message.message) });
  }

  function start() {
    wire = open(presentUrl(context.cluster, token, location));
    wire.onopen = send;
    wire.onmessage = hear;
    wire.onclose = () => !over && setTimeout(() => !over && start(), PAUSE_MS);
  }

  function stop() {
    over = true;
    clearTimeout(timer);
    clearInterval(again);
    unsubscribe.forEach((step) => step());
    if (context.onCamera === soon) context.onCamera = undefined;
    wire?.close();
    if (ui.get().sharing?.token === token) ui.set({ sharing: null });
  }

  const again = window.setInterval(send, AGAIN_MS);
  const unsubscribe = [ui.subscribe(soon), store.subscribe(({ reset }) => reset && soon())];
  context.onCamera = soon;
  start();
  return stop;
}

/** @param {string} cluster @param {string} token @param {{protocol: string, host: string}} location */
const presentUrl = (cluster, token, { protocol, host }) =>
  `${protocol === "https:" ? "wss" : "ws"}://${host}/ws/clusters/${encodeURIComponent(cluster)}/present/${encodeURIComponent(token)}/`;

/** @param {string} token @param {{protocol: string, host: string}} location */
export const followUrl = (token, { protocol, host }) => `${protocol === "https:" ? "wss" : "ws"}://${host}/ws/follow/${encodeURIComponent(token)}/`;
