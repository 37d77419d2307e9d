/**
 * The live feed of one cluster: connects, says hello with the last revision seen, and comes back after every loss with
 * growing pauses. Anything that does not parse or fit leads to a resync, never to a wrong picture.
 *
 * @typedef {{send(text: string): void, close(): void, onopen: any, onmessage: any, onclose: any, binaryType?: any}} Wire what we use of a WebSocket
 */

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8000;

/** @param {string} text @returns {any} undefined when it is not JSON */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What was deflated on its way; "" when that fails, which is no frame. @param {ArrayBuffer} data */
async function inflate(data) {
  try {
    return await new Response(new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
  } catch {
    return "";
  }
}

/**
 * @param {object} options
 * @param {string} options.url
 * @param {import("./store.js").Store} options.store
 * @param {(url: string) => Wire} [options.open]
 * @param {(message: string) => void} [options.onError]
 * @param {(view: any) => void} [options.onView] told what a presenter shows
 * @param {(work: () => void, ms: number) => any} [options.later]
 * @returns {(() => void) & {resync: () => void}} undo: close for good; `resync` asks for everything again
 */
export function connect({ url, store, open = (at) => new WebSocket(at), onError = () => {}, onView = () => {}, later = setTimeout }) {
  let closed = false;
  let pause = FIRST_PAUSE_MS;
  /** @type {Wire | undefined} */
  let wire;
  let waitingForSnapshot = false;

  /** @param {object} message */
  const send = (message) => wire?.send(JSON.stringify(message));

  function resync() {
    if (waitingForSnapshot) return;
    waitingForSnapshot = true;
    send({ type: "resync" });
  }

  /** @param {string} text */
  function receive(text) {
    const frame = parse(text);
    if (waitingForSnapshot && frame?.type === "delta") return;
    if (frame?.type === "view") return onView(frame.view);
    if (frame?.type === "past") return void (store.showPast(frame) === "resync" && resync());
    const outcome = store.apply(frame);
    if (outcome === "resync") resync();
    else if (outcome === "error") onError(String(frame.message));
    else if (frame.type === "snapshot") waitingForSnapshot = false;
    if (frame?.type === "gone") close();
  }

  function start() {
    const current = (wire = open(url));
    current.binaryType = "arraybuffer";
    /** Frames are taken in the order they came, also while one is still being inflated. @type {Promise<void> | null} */
    let inflating = null;
    const take = (/** @type {string} */ text) => {
      if (current === wire && !closed) receive(text);
    };
    /** @param {string | ArrayBuffer} data */
    const hear = (data) => {
      if (typeof data === "string" && !inflating) return take(data);
      const before = inflating;
      const mine = Promise.all([typeof data === "string" ? data : inflate(data), before]).then(([text]) => {
        take(text);
        if (inflating === mine) inflating = null;
      });
      inflating = mine;
    };
    current.onopen = () => {
      pause = FIRST_PAUSE_MS;
      waitingForSnapshot = false;
      const { revision, session } = store.state;
      send({ type: "hello", resume: revision, session, small: true });
      if (revision !== null) store.setConnection("live", true);
    };
    current.onmessage = (/** @type {{data: string | ArrayBuffer}} */ event) => hear(event.data);
    current.onclose = () => current === wire && again();
  }

  function again() {
    if (closed) return;
    store.setConnection(store.state.revision === null ? "connecting" : "reconnecting");
    later(() => !closed && start(), pause);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }

  function close() {
    closed = true;
    wire?.close();
  }

  start();
  return Object.assign(close, { resync });
}

/** The feed's address for a cluster, on the host this page came from. @param {string} name @param {{protocol: string, host: string}} location */
export function feedUrl(name, location) {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/clusters/${encodeURIComponent(name)}/`;
}
