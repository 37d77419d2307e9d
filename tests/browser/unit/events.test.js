/** Which object an event is about. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventsAbout, isAbout } from "../../../static/src/why/events.js";

const pod = { k: "Pod", ns: "kube-system", name: "etcd-control-plane", uid: "0f3c2d1e-0000-4000-8000-000000000001" };
const about = (/** @type {string} */ uid, name = pod.name) => ({ kind: "Pod", ns: "kube-system", name, uid });

test("a static pod's events, which bear its manifest's hash, are the mirror pod's", () => {
  const hash = "bcd95077a973325e255fa6dcc3e7f13d";
  assert.ok(isAbout(/** @type {any} */ ({ about: about(hash) }), pod));
  assert.ok(!isAbout(/** @type {any} */ ({ about: about(hash, "etcd-other") }), pod));
});

test("an earlier object of the same name has events of its own", async () => {
  const involved = (/** @type {string} */ uid) => ({ metadata: { uid: `event-${uid}` }, involvedObject: { kind: "Pod", namespace: "kube-system", name: pod.name, uid } });
  const kube = async () => ({ items: [involved(pod.uid), involved("0f3c2d1e-0000-4000-8000-000000000002")] });
  const found = await eventsAbout(/** @type {any} */ ({ api: { kube } }), pod);
  assert.deepEqual(found.map((event) => event.uid), [`event-${pod.uid}`]);
});
