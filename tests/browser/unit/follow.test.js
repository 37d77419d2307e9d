/** What travels from a presenter's page to a follower's. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { cameraFor, frameOf, isFrame } from "../../../static/src/diagram/frame.js";
import { takenFrom, viewOf } from "../../../static/src/follow/view.js";

const ui = /** @type {any} */ ({ selected: "u1", tab: "events", system: true, services: false, owners: true, namespace: "shop", presenter: true, caption: "look", trace: null, theme: "dark", drawer: "yaml", toasts: [] });

test("a follower takes over what the presenter looks at, and nothing of how the presenter's page is arranged", () => {
  const taken = takenFrom(JSON.parse(JSON.stringify(viewOf(ui, null))));
  assert.deepEqual(taken, { selected: "u1", tab: "events", caption: "look", presenter: true, system: true, services: false, owners: true, namespace: "shop", trace: null });
});

test("a view says which revision is shown while the presenter looks at the past", () => {
  assert.deepEqual([viewOf(ui, null).past, viewOf(ui, null, 17).past], [null, 17]);
});

test("what does not fit is left out", () => {
  assert.deepEqual(takenFrom({ selected: 7, tab: "yaml", caption: {}, layers: { system: "yes" }, trace: { way: 1 }, drawer: "terminal" }), {});
  assert.deepEqual(takenFrom(undefined), {});
});

test("whoever has a smaller screen sees at least what the presenter sees", () => {
  const presenter = { width: 1600, height: 900 };
  const camera = { x: 100, y: 50, k: 2 };
  const frame = frameOf(camera, presenter, 1.78, false);
  assert.ok(isFrame(frame));
  for (const view of [{ width: 400, height: 800 }, { width: 1200, height: 300 }, presenter]) {
    const seen = cameraFor(frame, view);
    const [left, top, right, bottom] = [seen.x, seen.y, seen.x + view.width / seen.k, seen.y + view.height / seen.k];
    assert.ok(left <= 100.001 && top <= 50.001 && right >= 899.999 && bottom >= 499.999, JSON.stringify({ view, seen }));
  }
});

test("frames that are none are told apart", () => {
  for (const wrong of [null, {}, { x: 1, y: 1, w: 0, h: 1, aspect: 1 }, { x: NaN, y: 1, w: 1, h: 1, aspect: 1 }, { x: 1, y: 1, w: 1, h: 1, aspect: 0 }]) assert.ok(!isFrame(wrong));
});
