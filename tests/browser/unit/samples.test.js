/** What the charts show. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { latency } from "../../../static/src/charts/samples.js";
import { createStore } from "../../../static/src/store.js";

const START = Date.parse("2026-01-01T00:00:00Z");
const at = (/** @type {number} */ seconds) => new Date(START + seconds * 1000).toISOString();

/** @param {Array<[number, number]>} waits [created, scheduled] in seconds @param {number} now */
function storeWith(waits, now) {
  const store = createStore();
  const pods = waits.map(([created], index) => ({ k: "Pod", uid: `p${index}`, ns: "a", name: `p${index}`, created: at(created) }));
  const events = waits.map(([, scheduled], index) => ({ k: "Event", uid: `e${index}`, ns: "a", name: `e${index}`, reason: "Scheduled", last: at(scheduled), about: { kind: "Pod", name: `p${index}`, uid: `p${index}` } }));
  store.apply({ type: "snapshot", session: "s", revision: 1, clock: { now: (START + now * 1000) * 1000, speed: 1, paused: true, stable: true }, objects: [...pods, ...events] });
  return store;
}

test("latency is from creation to binding: the median and the longest of the last minute", () => {
  assert.deepEqual(latency(storeWith([[0, 1], [0, 2], [0, 9]], 20)), [2, 9]);
  assert.deepEqual(latency(storeWith([[0, 50], [100, 101]], 120)), [1, 1]);
});

test("clocks that tell whole seconds only make no negative latency, and nothing scheduled is nought", () => {
  assert.deepEqual(latency(storeWith([[2, 1.4]], 3)), [0, 0]);
  assert.deepEqual(latency(storeWith([], 3)), [0, 0]);
});
