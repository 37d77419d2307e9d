import assert from "node:assert/strict";
import test from "node:test";
import { age, cpu, memory, memoryOf } from "../../../static/src/format.js";
import { nodeHealth, podHealth } from "../../../static/src/health.js";
import { kubePath } from "../../../static/src/api.js";
import { kubectl, machine, playground, sourceOf } from "../../../static/src/kubectl.js";
import { createMotion } from "../../../static/src/diagram/motion.js";
import { createPalette } from "../../../static/src/palette.js";
import { decisionRows } from "../../../static/src/panels/why.js";
import { score, search } from "../../../static/src/panels/commands.js";
import { nodeSpec, parsePairs } from "../../../static/src/panels/dialogs.js";
import { t } from "../../../static/src/i18n/index.js";

test("amounts read as people write them", () => {
  assert.deepEqual([cpu(4000), cpu(250), cpu(undefined)], ["4", "0.25", "–"]);
  assert.deepEqual([memory(8 * 1024 ** 3), memory(1536)], ["8 GiB", "1.5 KiB"]);
  assert.equal(memoryOf(512 * 1024 ** 2, 8 * 1024 ** 3), "0.5 / 8 GiB");
  assert.deepEqual([age(45), age(300), age(9000), age(200000)], ["45s", "5m", "2h", "2d"]);
});

/** @param {object} more */
const pod = (more) => /** @type {any} */ ({ k: "Pod", uid: "u", name: "p", ready: [0, 1], ...more });
for (const [more, tone] of /** @type {Array<[object, string]>} */ ([
  [{ phase: "Running", ready: [1, 1], node: "n" }, "ok"],
  [{ phase: "Running", ready: [0, 1], node: "n" }, "warn"],
  [{ phase: "Running", ready: [1, 1], unready: true, node: "lost" }, "warn"],
  [{ phase: "Pending" }, "warn"],
  [{ phase: "Pending", node: "n", reason: "ContainerCreating" }, "busy"],
  [{ phase: "Pending", node: "n", reason: "ImagePullBackOff" }, "bad"],
  [{ phase: "Running", reason: "CrashLoopBackOff", node: "n" }, "bad"],
  [{ phase: "Succeeded", node: "n" }, "done"],
  [{ phase: "Failed", node: "n" }, "bad"],
  [{ phase: "Running", ready: [1, 1], deleting: true }, "off"],
]))
  test(`a pod ${JSON.stringify(more)} is ${tone}`, () => assert.equal(podHealth(pod(more)).tone, tone));

test("a cordoned node says so as kubectl does", () => {
  assert.equal(nodeHealth(/** @type {any} */ ({ k: "Node", ready: "True", unschedulable: true })).word, "Ready,SchedulingDisabled");
});

test("kubectl lines name the namespace only when it is not default, and quote what a shell would read", () => {
  assert.equal(kubectl.scale({ kind: "Deployment", ns: "shop", name: "web" }, 3), "kubectl scale deployment/web --replicas=3 -n shop");
  assert.equal(kubectl.remove({ kind: "Pod", ns: "default", name: "a;rm -rf" }), "kubectl delete 'pod/a;rm -rf'");
});

test("what kubectl cannot do is said as one would type it on the machine, or to the playground", () => {
  assert.equal(machine.stopPart("cp", "etcd", true), "ssh cp mv /etc/kubernetes/manifests/etcd.yaml /etc/kubernetes/");
  assert.equal(machine.kubelet("node-1", "start"), "ssh node-1 systemctl start kubelet");
  assert.equal(playground("http://h/nodes/", { count: 2, zone: "a; rm", taints: ["a=b:NoSchedule", "c"] }), "curl -d count=2 -d 'zone=a; rm' -d taints=a=b:NoSchedule -d taints=c http://h/nodes/");
  assert.equal(playground("http://h/", { labels: { disk: "it's" } }), `curl -H 'Content-Type: application/json' -d '{"labels":{"disk":"it'\\''s"}}' http://h/`);
  assert.deepEqual([playground("http://h/n/kill/"), playground("http://h/n/", {}, "DELETE")], ["curl -X POST http://h/n/kill/", "curl -X DELETE http://h/n/"]);
  assert.deepEqual(["kubectl get pods", "ssh a b", "curl c"].map(sourceOf), ["kubectl.label", "line.machine", "line.playground"]);
});

test("objects are found in their group", () => {
  assert.equal(kubePath({ kind: "Deployment", ns: "a", name: "b" }), "apis/apps/v1/namespaces/a/deployments/b");
  assert.equal(kubePath({ kind: "Node", name: "n" }), "api/v1/nodes/n");
});

test("the first eight workloads get different colours and keep them", () => {
  const palette = createPalette();
  const colours = Array.from({ length: 8 }, (_, n) => palette.colour(`w${n}`));
  assert.equal(new Set(colours).size, 8);
  assert.equal(palette.colour("w3"), colours[3]);
});

test("what is born grows, what moves glides, what dies is gone at last", () => {
  const motion = createMotion();
  const box = { x: 0, y: 0, w: 10, h: 10 };
  motion.aimAt(new Map([["a", box]]), 0);
  assert.equal(motion.sprites.get("a")?.alpha, 0);
  motion.tick(5000);
  assert.equal(motion.sprites.get("a")?.alpha, 1);
  motion.aimAt(new Map([["a", { ...box, x: 100 }]]), 5000);
  motion.tick(5100);
  const x = motion.sprites.get("a")?.x ?? 0;
  assert.ok(x > 0 && x < 100);
  motion.aimAt(new Map(), 6000);
  motion.tick(9000);
  assert.equal(motion.sprites.size, 0);
});

test("with reduced motion everything is there at once", () => {
  const motion = createMotion({ reduced: () => true });
  motion.aimAt(new Map([["a", { x: 5, y: 5, w: 1, h: 1 }]]), 0);
  assert.equal(motion.sprites.get("a")?.alpha, 1);
  assert.equal(motion.tick(1), false);
});

test("a scheduler's decision is told node by node", () => {
  const filters = [{ plugin: "NodeName", verdict: "passed" }, { plugin: "Fit", verdict: "rejected", reasons: ["Insufficient cpu", "Insufficient memory"] }, { plugin: "Ports", verdict: "not run" }];
  const scores = { Fit: { raw: 3, normalized: 7, weighted: 14 } };
  assert.deepEqual(decisionRows({ nodes: [{ name: "a", filters, scores: {}, total: null }, { name: "b", filters: [], scores, total: 14 }] }), [
    { node: "a", verdict: "Insufficient cpu, Insufficient memory", plugin: "Fit", score: undefined, scores: {}, filters: { NodeName: "passed", Fit: "rejected", Ports: "not run" } },
    { node: "b", verdict: "", plugin: "", score: 14, scores: { Fit: scores.Fit }, filters: {} },
  ]);
  assert.deepEqual(decisionRows(null), []);
});

test("commands are found by letters in order, the tightest match first", () => {
  const commands = ["Scale web", "Show events", "Add nodes"].map((label) => ({ label, hint: "", run: () => {} }));
  assert.deepEqual(search(commands, "sev").map((one) => one.label), ["Show events", "Scale web"].filter((label) => score(label, "sev") < Infinity));
  assert.deepEqual(search(commands, "zzz"), []);
});

test("the node form asks for what was filled in, and for nothing else", () => {
  const form = new FormData();
  for (const [name, value] of Object.entries({ count: "2", cpu: "4", memory: "8Gi", labels: "disk=ssd, gpu=", taints: "a=b:NoSchedule", zone: "", name: "" })) form.set(name, value);
  assert.deepEqual(nodeSpec(form), { count: 2, cpu: "4", memory: "8Gi", labels: { disk: "ssd", gpu: "" }, taints: ["a=b:NoSchedule"] });
  assert.deepEqual(parsePairs(""), {});
});

test("texts fill their gaps and count", () => {
  assert.equal(t("summary.nodes", { n: 1 }), "1 node");
  assert.equal(t("summary.nodes", { n: 3 }), "3 nodes");
});
