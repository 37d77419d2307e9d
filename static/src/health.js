/**
 * What state a thing is in, as the screen shows it everywhere: one word, one tone, one glyph. Pure.
 *
 * @typedef {import("./types.js").Thin} Thin
 * @typedef {"ok" | "busy" | "warn" | "bad" | "done" | "off"} Tone
 * @typedef {{tone: Tone, word: string}} Health `word` is Kubernetes' own where it has one
 */

const FAILING = /CrashLoopBackOff|Err|Error|BackOff|OOMKilled|Failed|Evicted|Invalid|DeadlineExceeded/;

/** Thins never change in place, so what was found for one holds. @type {WeakMap<Thin, Health>} */
const known = new WeakMap();

/** @param {Thin} pod @returns {Health} */
export function podHealth(pod) {
  let health = known.get(pod);
  if (!health) known.set(pod, (health = findPodHealth(pod)));
  return health;
}

/** @param {Thin} pod @returns {Health} */
function findPodHealth(pod) {
  const [ready, total] = Array.isArray(pod.ready) ? pod.ready : [0, 0];
  const word = (pod.reason !== "Running" && pod.reason) || pod.phase || "Pending";
  if (pod.deleting) return { tone: "off", word: "Terminating" };
  if (FAILING.test(word)) return { tone: "bad", word };
  if (pod.phase === "Succeeded") return { tone: "done", word: pod.reason || "Completed" };
  if (pod.phase === "Unknown") return { tone: "warn", word };
  if (pod.unready) return { tone: "warn", word: "NotReady" };
  if (pod.phase === "Running") return ready >= total && total > 0 ? { tone: "ok", word: "Running" } : { tone: "warn", word: word === "Running" ? "NotReady" : word };
  return pod.node ? { tone: "busy", word } : { tone: "warn", word };
}

/** @param {Thin} node @returns {Health} */
export function nodeHealth(node) {
  if (node.machine === "killed" || node.machine === "off") return { tone: "bad", word: node.ready === "True" ? "Ready" : "NotReady" };
  if (node.ready === "Unknown" || node.ready === "False") return { tone: "bad", word: "NotReady" };
  return node.unschedulable ? { tone: "warn", word: "Ready,SchedulingDisabled" } : { tone: "ok", word: "Ready" };
}

/** @param {Thin} workload @returns {Health} */
export function workloadHealth(workload) {
  const ready = typeof workload.ready === "number" ? workload.ready : 0;
  const desired = workload.desired ?? 0;
  return { tone: ready >= desired ? "ok" : ready > 0 ? "busy" : "warn", word: `${ready}/${desired}` };
}

/** @param {Thin} thin @returns {Health} */
export function healthOf(thin) {
  if (thin.k === "Pod") return podHealth(thin);
  if (thin.k === "Node") return nodeHealth(thin);
  if (thin.k === "Component") return { tone: thin.healthy === false ? "bad" : "ok", word: thin.healthy === false ? "Stopped" : "Healthy" };
  if (["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job"].includes(thin.k)) return workloadHealth(thin);
  return { tone: "ok", word: thin.phase ?? "" };
}

const SYSTEM = new Set(["kube-system", "kube-public", "kube-node-lease", "local-path-storage"]);
/** @param {Thin} thin */
export const isSystem = (thin) => SYSTEM.has(thin.k === "Namespace" ? thin.name : (thin.ns ?? ""));
