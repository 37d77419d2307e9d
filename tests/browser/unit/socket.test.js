import assert from "node:assert/strict";
import test from "node:test";
import { deflateSync } from "node:zlib";
import { connect, feedUrl } from "../../../static/src/socket.js";
import { createStore } from "../../../static/src/store.js";

const CLOCK = { now: 0, speed: 1, paused: true, stable: true };
const SNAPSHOT = { type: "snapshot", session: "s", revision: 5, clock: CLOCK, objects: [] };

function harness() {
  /** @type {any[]} */
  const wires = [];
  /** @type {Array<() => void>} */
  const later = [];
  const store = createStore();
  const open = () => {
    /** @type {any} */
    const wire = { sent: [], send: (/** @type {string} */ text) => wire.sent.push(JSON.parse(text)), close: () => wire.onclose?.() };
    wires.push(wire);
    return wire;
  };
  const close = connect({ url: "x", store, open, later: (work) => later.push(work) });
  /** @param {any} frame */
  const say = (frame) => wires.at(-1).onmessage({ data: typeof frame === "string" ? frame : JSON.stringify(frame) });
  return { wires, later, store, say, close };
}

test("it says hello without a revision at first, and with the last one after a loss", () => {
  const { wires, later, say } = harness();
  wires[0].onopen();
  assert.deepEqual(wires[0].sent, [{ type: "hello", resume: null, session: null, small: true }]);
  say(SNAPSHOT);
  wires[0].onclose();
  later.shift()?.();
  wires[1].onopen();
  assert.deepEqual(wires[1].sent, [{ type: "hello", resume: 5, session: "s", small: true }]);
});

test("a frame that is no JSON leads to one resync, and deltas are ignored until the snapshot", () => {
  const { wires, store, say } = harness();
  wires[0].onopen();
  say(SNAPSHOT);
  say("{{{");
  say("{{{");
  assert.deepEqual(wires[0].sent.slice(1), [{ type: "resync" }]);
  say({ type: "delta", from: 5, revision: 6, changes: [["put", { k: "Pod", uid: "a", name: "a" }]] });
  assert.equal(store.all("Pod").length, 0);
  say({ ...SNAPSHOT, revision: 6, objects: [{ k: "Pod", uid: "a", name: "a" }] });
  assert.equal(store.all("Pod").length, 1);
});

test("a deleted cluster is not asked for again", () => {
  const { later, store, say } = harness();
  say(SNAPSHOT);
  say({ type: "gone", reason: "deleted" });
  assert.equal(later.length, 0);
  assert.equal(store.state.connection, "gone");
});

test("closing ends it", () => {
  const { later, close } = harness();
  close();
  assert.equal(later.length, 0);
});

test("the feed's address follows the page's", () => {
  assert.equal(feedUrl("a b", { protocol: "https:", host: "h:1" }), "wss://h:1/ws/clusters/a%20b/");
});

test("deflated frames are taken in the order they came, plain ones between them too", async () => {
  const { wires, store } = harness();
  wires[0].onopen();
  const hear = (/** @type {any} */ data) => wires[0].onmessage({ data });
  const packed = (/** @type {object} */ frame) => new Uint8Array(deflateSync(JSON.stringify(frame))).buffer;
  hear(packed(SNAPSHOT));
  hear(packed({ type: "delta", from: 5, revision: 6, changes: [] }));
  hear(JSON.stringify({ type: "delta", from: 6, revision: 7, changes: [] }));
  while (store.state.revision !== 7) await new Promise((done) => setTimeout(done, 1));
  assert.equal(wires[0].sent.length, 1);
});

test("a deflated frame that is garbled leads to a resync", async () => {
  const { wires } = harness();
  wires[0].onopen();
  wires[0].onmessage({ data: new Uint8Array([0x78, 0x9c, 1, 2, 3]).buffer });
  while (wires[0].sent.length < 2) await new Promise((done) => setTimeout(done, 1));
  assert.deepEqual(wires[0].sent[1], { type: "resync" });
});
