import assert from "node:assert/strict";
import test from "node:test";
import { createStore } from "../../../static/src/store.js";

const CLOCK = { now: 1_000_000, speed: 1, paused: true, stable: true };
/** @param {string} uid @param {object} [more] */
const pod = (uid, more = {}) => ({ k: "Pod", uid, name: uid, ns: "default", ...more });
/** @param {any[]} objects @param {number} [revision] */
const snapshot = (objects, revision = 10) => ({ type: "snapshot", session: "s", revision, clock: CLOCK, objects });

function filled() {
  const store = createStore();
  store.apply(/** @type {any} */ (snapshot([pod("a", { node: "n1" }), pod("b")])));
  return store;
}

test("a snapshot replaces everything", () => {
  const store = filled();
  store.apply(/** @type {any} */ (snapshot([pod("c")], 20)));
  assert.deepEqual(store.all("Pod").map((p) => p.uid), ["c"]);
  assert.equal(store.state.revision, 20);
});

test("a delta moves pods between nodes", () => {
  const store = filled();
  assert.equal(store.apply({ type: "delta", from: 10, revision: 12, changes: [["put", pod("b", { node: "n1" })], ["del", "Pod", "a"]] }), "ok");
  assert.deepEqual([...store.podsOn("n1")], ["b"]);
  assert.deepEqual([...store.podsOn("")], []);
});

test("a difference changes the fields it names and takes away what is null", () => {
  const store = filled();
  assert.equal(store.apply({ type: "delta", from: 10, revision: 11, changes: [["mod", "Pod", "a", { node: "n2", phase: "Running", ip: null }]] }), "ok");
  assert.deepEqual(store.kind("Pod").get("a"), { k: "Pod", uid: "a", name: "a", ns: "default", node: "n2", phase: "Running" });
  assert.deepEqual([[...store.podsOn("n1")], [...store.podsOn("n2")]], [[], ["a"]]);
});

test("a difference of what is not there changes nothing and asks for a resync", () => {
  const store = filled();
  const frame = /** @type {any} */ ({ type: "delta", from: 10, revision: 11, changes: [["del", "Pod", "a"], ["mod", "Pod", "ghost", { phase: "Running" }]] });
  assert.equal(store.apply(frame), "resync");
  assert.equal(store.all("Pod").length, 2);
});

test("a delta from another revision changes nothing and asks for a resync", () => {
  const store = filled();
  assert.equal(store.apply({ type: "delta", from: 9, revision: 12, changes: [["del", "Pod", "a"]] }), "resync");
  assert.equal(store.all("Pod").length, 2);
});

test("a delta with one garbled change is not applied in part", () => {
  const store = filled();
  const garbled = /** @type {any} */ ({ type: "delta", from: 10, revision: 12, changes: [["del", "Pod", "a"], ["put", { k: "Pod" }]] });
  assert.equal(store.apply(garbled), "resync");
  assert.equal(store.all("Pod").length, 2);
  assert.equal(store.state.revision, 10);
});

for (const frame of [null, 7, "x", {}, { type: "snapshot" }, { type: "delta" }, { type: "snapshot", revision: 1, objects: [{}] }])
  test(`nonsense asks for a resync: ${JSON.stringify(frame)}`, () => {
    assert.equal(filled().apply(/** @type {any} */ (frame)), "resync");
  });

test("random deltas give the same picture as one snapshot", () => {
  const store = createStore();
  store.apply(/** @type {any} */ (snapshot([], 0)));
  const truth = new Map();
  let seed = 7;
  const random = (/** @type {number} */ n) => (seed = (seed * 16807) % 2147483647) % n;
  for (let revision = 1; revision <= 500; revision++) {
    const uid = `p${random(40)}`;
    const gone = random(3) === 0;
    const thing = pod(uid, { node: `n${random(4)}` });
    if (gone) truth.delete(uid);
    else truth.set(uid, thing);
    store.apply({ type: "delta", from: revision - 1, revision, changes: [gone ? ["del", "Pod", uid] : ["put", thing]] });
  }
  assert.deepEqual(new Map(store.kind("Pod")), truth);
  for (let n = 0; n < 4; n++) {
    const there = [...truth.values()].filter((p) => p.node === `n${n}`).map((p) => p.uid);
    assert.deepEqual([...store.podsOn(`n${n}`)].sort(), there.sort());
  }
});

test("only the latest events are kept", () => {
  const store = createStore();
  const events = Array.from({ length: 900 }, (_, i) => ({ k: "Event", uid: `e${i}`, name: `e${i}` }));
  store.apply(/** @type {any} */ (snapshot(events)));
  assert.equal(store.all("Event").length, 500);
  assert.equal(store.all("Event").at(-1)?.uid, "e899");
});

test("another time is shown whole or not at all, and nothing live disturbs it", () => {
  const store = filled();
  assert.equal(store.showPast(/** @type {any} */ ({ revision: 3, time: "2026-01-01T00:00:00Z", objects: [{ k: "Pod" }] })), "resync");
  assert.deepEqual([store.state.past, store.state.revision, store.all("Pod").length], [null, 10, 2]);
  assert.equal(store.showPast({ revision: 3, time: "2026-01-01T00:00:00Z", objects: [] }), "ok");
  assert.deepEqual([store.now(), store.state.revision, store.all("Pod").length], [Date.UTC(2026, 0, 1) * 1000, 3, 0]);
  assert.equal(store.apply(/** @type {any} */ ({ type: "delta", from: 10, revision: 11, changes: [["put", pod("late", {})]] })), "ok");
  assert.equal(store.all("Pod").length, 0);
});
