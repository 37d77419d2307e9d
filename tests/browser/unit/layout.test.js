import assert from "node:assert/strict";
import test from "node:test";
import { fit, toWorld, zoomAt } from "../../../static/src/diagram/camera.js";
import { hitTest } from "../../../static/src/diagram/hit.js";
import { assignSlots, bestGrid, createMemory, layOut } from "../../../static/src/diagram/layout.js";

/** @param {number} nodes @param {number} pods @param {object} [more] @returns {import("../../../static/src/diagram/layout.js").Plan} */
const plan = (nodes, pods, more = {}) => ({
  nodes: Array.from({ length: nodes }, (_, n) => ({ name: `n${n}`, zone: "", pods: Array.from({ length: pods }, (_, p) => `p${n}-${p}`) })),
  waiting: [],
  parts: ["kube-apiserver", "etcd"],
  workloads: [],
  services: [],
  aspect: 1.6,
  ...more,
});
/** @typedef {import("../../../static/src/diagram/layout.js").Box} Box @param {Box} a @param {Box} b */
const overlap = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
/** @param {Box} inner @param {Box} outer */
const within = (inner, outer) => inner.x >= outer.x && inner.y >= outer.y && inner.x + inner.w <= outer.x + outer.w && inner.y + inner.h <= outer.y + outer.h;

for (const aspect of [0.5, 1, 1.6, 3])
  test(`nothing overlaps and every pod is in its room (aspect ${aspect})`, () => {
    const workloads = [{ uid: "d", children: ["r1", "r2"] }, { uid: "e", children: [] }];
    const out = layOut(plan(7, 5, { aspect, waiting: ["w1", "w2"], workloads, services: ["s1", "s2", "s3"] }), createMemory());
    const blocks = [...out.rooms, out.control, out.waiting, ...out.workloads.values(), ...out.services.values()].filter((box) => box !== null);
    for (const a of blocks) for (const b of blocks) assert.ok(a === b || !overlap(a, b), JSON.stringify([a, b]));
    for (const room of out.rooms) for (let p = 0; p < 5; p++) assert.ok(within(/** @type {Box} */ (out.pods.get(`p${room.name.slice(1)}-${p}`)), room));
    assert.ok(within(/** @type {Box} */ (out.pods.get("w1")), /** @type {Box} */ (out.waiting)));
    for (const box of blocks) assert.ok(box.x + box.w <= out.width && box.y + box.h <= out.height);
  });

test("pods keep their slot when a neighbour leaves", () => {
  const before = assignSlots(["a", "b", "c"], new Map());
  const after = assignSlots(["a", "c", "d"], before);
  assert.deepEqual([...after], [["a", 0], ["c", 2], ["d", 1]]);
});

test("a pod that arrives moves nothing else", () => {
  const memory = createMemory();
  const before = layOut(plan(3, 5), memory);
  const grown = plan(3, 5);
  grown.nodes[1].pods.push("new");
  const after = layOut(grown, memory);
  for (const [uid, box] of before.pods) assert.deepEqual(after.pods.get(uid), box);
});

test("zones stand apart and hold their rooms", () => {
  const zoned = plan(4, 2);
  zoned.nodes.forEach((node, n) => (node.zone = n % 2 ? "b" : "a"));
  const out = layOut(zoned, createMemory());
  assert.equal(out.zones.length, 2);
  assert.ok(!overlap(out.zones[0], out.zones[1]));
  assert.equal(out.rooms.filter((room) => within(room, out.zones[0])).length, 2);
});

test("a thousand nodes are laid out in a moment", () => {
  const started = performance.now();
  const out = layOut(plan(1000, 10), createMemory());
  assert.equal(out.pods.size, 10000);
  assert.ok(performance.now() - started < 500);
});

test("the grid follows the view's shape", () => {
  assert.ok(bestGrid(12, 6, 3).across > bestGrid(12, 6, 0.5).across);
});

test("what is under the pointer is the smallest thing there", () => {
  const out = layOut(plan(2, 3), createMemory());
  const pod = /** @type {Box} */ (out.pods.get("p1-0"));
  assert.deepEqual(hitTest(out, pod.x + 1, pod.y + 1), { kind: "Pod", key: "p1-0" });
  assert.deepEqual(hitTest(out, out.rooms[1].x + 1, out.rooms[1].y + 1), { kind: "Node", key: "n1" });
  assert.equal(hitTest(out, -100, -100), null);
});

test("zooming keeps the point under the pointer", () => {
  const camera = { x: 10, y: 20, k: 0.7 };
  const before = toWorld(camera, 300, 200);
  const after = toWorld(zoomAt(camera, 300, 200, 1.4), 300, 200);
  assert.ok(Math.abs(before.x - after.x) < 1e-9 && Math.abs(before.y - after.y) < 1e-9);
});

test("showing everything shows everything", () => {
  const camera = fit({ width: 3000, height: 1000 }, { width: 1200, height: 800 }, { side: 20, top: 60, bottom: 40 });
  const corner = toWorld(camera, 0, 0);
  const opposite = toWorld(camera, 1200, 800);
  assert.ok(corner.x <= 0 && corner.y <= 0 && opposite.x >= 3000 && opposite.y >= 1000);
});
