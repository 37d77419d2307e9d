/** A traced request as steps and as a way through the picture. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { isShown, shown } from "../../../static/src/why/hops.js";
import { ranges } from "../../../static/src/diagram/drawtrace.js";

const HOPS = [
  { kind: "source", text: "pod default/a asks web:80", node: "node-1", pod: "default/a" },
  { kind: "dns", text: "web. A? 10.96.0.1", node: "node-2", pod: "kube-system/dns", facts: { hops: [{ kind: "rule", text: "sent to dns" }], answers: [["web", "A", 30, "10.96.0.1"]] } },
  { kind: "rule", text: "sent to 10.0.0.2", node: "node-1", facts: { service: "default/web:http", rules: [{ rule: "-A KUBE-SVC", draw: 0.25 }] } },
  { kind: "node", text: "to node-3", node: "node-3" },
  { kind: "container", text: "refused", node: "node-3", pod: "default/web", facts: { failure: "refused" } },
];

test("every hop is a step with what was behind it", () => {
  const { steps } = shown({ target: "http://web/", outcome: "refused", hops: HOPS }, 1);
  assert.deepEqual(steps.map((step) => step.kind), ["source", "dns", "rule", "node", "container"]);
  assert.deepEqual(steps[1].details, ["sent to dns", "web A 30 10.96.0.1"]);
  assert.deepEqual(steps[2].details, ["-A KUBE-SVC  # 0.250"]);
  assert.equal(steps[2].service, "default/web");
  assert.deepEqual(steps.map((step) => !!step.bad), [false, false, false, false, true]);
});

test("a DNS question returns to who asked before the request goes on", () => {
  const { way } = shown({ hops: HOPS }, 1);
  assert.deepEqual(way.map(({ pod, service, node, back }) => (back ? `back to ${pod}` : (pod ?? service ?? node))), ["default/a", "kube-system/dns", "back to default/a", "default/web", "node-3", "default/web"]);
});

test("what ended in failure leads nowhere, and who asks from outside has no place in the cluster", () => {
  const { way } = shown({ hops: [{ kind: "source", text: "somebody outside asks" }, { kind: "failure", text: "no route" }] }, 1);
  assert.deepEqual(way, [{ step: 0, node: undefined }]);
});

test("only whole showings come over the wire", () => {
  assert.ok(isShown(shown({ hops: HOPS }, 3)));
  for (const wrong of [null, 7, {}, { steps: [], way: [{ step: 0 }], at: -1 }, { steps: [{}], way: [{}], at: -1 }, { steps: [], way: [], at: "x" }]) assert.ok(!isShown(wrong));
});

test("numbers in a row are told as ranges", () => {
  assert.equal(ranges([1, 2, 3, 5, 7, 8]), "1–3, 5, 7–8");
  assert.equal(ranges([4]), "4");
});
