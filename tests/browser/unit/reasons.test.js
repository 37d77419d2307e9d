import assert from "node:assert/strict";
import test from "node:test";
import { differences } from "../../../static/src/panels/timeline.js";
import { lint, ofService } from "../../../static/src/why/lint.js";
import { amount, rolloutMath } from "../../../static/src/why/rollout.js";
import { ADMITTED, story, topFields } from "../../../static/src/why/story.js";

const keys = (/** @type {import("../../../static/src/why/lint.js").Finding[]} */ found) => found.map(({ key }) => key);

test("a container without requests, probe and version is told", () => {
  const pod = { kind: "Pod", metadata: { ownerReferences: [{}] }, spec: { containers: [{ name: "c", image: "nginx" }] } };
  assert.deepEqual(keys(lint(pod, [])), ["lint.noRequests", "lint.noProbe", "lint.latest"]);
  const good = { name: "c", image: "registry:5000/nginx:1.27", readinessProbe: {}, resources: { requests: { cpu: "1" } } };
  assert.deepEqual(lint({ ...pod, spec: { containers: [good] } }, []), []);
  assert.deepEqual(keys(lint({ kind: "Pod", metadata: {}, spec: { containers: [good] } }, [])), ["lint.bare"]);
});

test("a service that leads nowhere is told", () => {
  const pod = { metadata: { labels: { app: "a" } }, spec: { containers: [{ ports: [{ containerPort: 8080, name: "web" }] }] } };
  const service = (/** @type {object} */ selector, /** @type {object} */ port) => ({ spec: { selector, ports: [port] } });
  assert.deepEqual(keys(ofService(service({ app: "b" }, { port: 80 }), [pod])), ["lint.matchesNothing"]);
  assert.deepEqual(ofService(service({ app: "a" }, { port: 80, targetPort: 80 }), [pod]), [{ key: "lint.port", values: { port: 80, open: "8080" } }]);
  assert.deepEqual(ofService(service({ app: "a" }, { port: 80, targetPort: "web" }), [pod]), []);
  assert.deepEqual(keys(ofService({ spec: { ports: [] } }, [pod])), ["lint.noSelector"]);
});

test("surge is rounded up, unavailability down, and something can always move", () => {
  assert.equal(amount("25%", 10, true), 3);
  assert.equal(amount("25%", 10, false), 2);
  const math = (/** @type {object} */ rollingUpdate, replicas = 10) => rolloutMath({ spec: { replicas, strategy: { type: "RollingUpdate", rollingUpdate } } });
  assert.deepEqual([math({}).most, math({}).least], [13, 8]);
  assert.deepEqual([math({ maxSurge: 0, maxUnavailable: "25%" }, 1).most, math({ maxSurge: 0, maxUnavailable: "25%" }, 1).least], [1, 0]);
});

test("a story puts causes before effects", () => {
  const time = "2026-01-01T00:00:00Z";
  const object = {
    kind: "Pod",
    metadata: { name: "a", uid: "u", creationTimestamp: time, managedFields: [{ manager: "kubelet", operation: "Update", subresource: "status", time, fieldsV1: { "f:status": { "f:phase": {} } } }, { manager: "kubectl-client-side-apply", operation: "Update", time, fieldsV1: { "f:spec": {} } }] },
    status: { conditions: [{ type: "Ready", status: "True", lastTransitionTime: time }] },
  };
  const event = /** @type {any} */ ({ k: "Event", uid: "e", name: "e", reason: "Scheduled", message: "m", source: "default-scheduler", last: time, about: { uid: "u", kind: "Pod", name: "a" } });
  assert.deepEqual(story([object], [event]).map((step) => step.actor), ["kubectl-client-side-apply", "kube-apiserver", "default-scheduler", "kubelet", "Ready"]);
  assert.equal(topFields({ "f:status": { "f:phase": {} }, "f:spec": {} }), "status.phase, spec");
});

test("of all that an owner made, the story of one tells only of that one", () => {
  const object = (/** @type {string} */ kind, /** @type {string} */ name) => ({ kind, metadata: { name, uid: name, creationTimestamp: "2026-01-01T00:00:00Z" } });
  const made = (/** @type {string} */ name) => /** @type {any} */ ({ k: "Event", uid: `e${name}`, name, reason: "SuccessfulCreate", message: `Created pod: ${name}`, source: "replicaset-controller", last: "2026-01-01T00:00:01Z", about: { uid: "set", kind: "ReplicaSet", name: "set" } });
  const texts = (/** @type {any[]} */ objects) => story(objects, [made("a"), made("b")]).filter((step) => step.actor === "replicaset-controller").map((step) => step.text);
  assert.deepEqual(texts([object("Pod", "a"), object("ReplicaSet", "set")]), ["SuccessfulCreate: Created pod: a"]);
  assert.equal(texts([object("ReplicaSet", "set")]).length, 2);
});

test("what admission filled in stands between who asked and the store", () => {
  const time = "2026-01-01T00:00:00Z";
  const spec = { serviceAccountName: "default", volumes: [{ name: "kube-api-access-x" }], tolerations: [{ key: "node.kubernetes.io/not-ready", effect: "NoExecute", tolerationSeconds: 300 }], priority: 0 };
  const pod = { kind: "Pod", metadata: { name: "a", uid: "u", creationTimestamp: time, managedFields: [{ manager: "kubectl-create", operation: "Update", time, fieldsV1: { "f:spec": {} } }] }, spec };
  const steps = story([pod], []);
  assert.deepEqual(steps.map(({ rank }) => rank), [0, ADMITTED, 1]);
  assert.equal(steps[1].text, "ServiceAccount: default, kube-api-access-x · DefaultTolerationSeconds: 300 s · Priority: 0");
  assert.equal(story([{ ...pod, spec: {} }], []).length, 2);
});

test("pictures of two times are compared by identity and version", () => {
  const thin = (/** @type {string} */ uid, /** @type {string} */ rv) => ({ k: "Pod", uid, rv, name: uid });
  const found = differences([thin("a", "1"), thin("b", "1"), thin("c", "1")], [thin("a", "1"), thin("b", "2"), thin("d", "1")]);
  assert.deepEqual(found.map(({ sign, thin: one }) => sign + one.uid), ["+d", "−c", "~b"]);
});
