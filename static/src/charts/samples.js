/** What the charts show, sampled from the store. Pure. @typedef {{at: number, values: number[]}} Sample */

export const PHASES = ["Running", "Pending", "Succeeded", "Failed"];

const RECENT_SECONDS = 60;

/** How long pods that found a node lately had waited: seconds, median and longest. @param {import("../store.js").Store} store @returns {number[]} */
export function latency(store) {
  const pods = store.kind("Pod");
  const since = store.now() / 1000 - RECENT_SECONDS * 1000;
  const waits = [];
  for (const event of store.kind("Event").values()) {
    const created = event.reason === "Scheduled" && pods.get(event.about?.uid ?? "")?.created;
    const at = created ? Date.parse(event.last ?? "") : NaN;
    if (created && at >= since) waits.push(Math.max(0, at - Date.parse(created)) / 1000);
  }
  waits.sort((a, b) => a - b);
  return waits.length ? [waits[waits.length >> 1], waits[waits.length - 1]] : [0, 0];
}

/** @param {import("../store.js").Store} store @returns {Record<"pods" | "cpu" | "memory" | "latency", number[]>} */
export function sample(store) {
  const pods = store.all("Pod");
  const nodes = store.all("Node");
  const sum = (/** @type {"requested" | "allocatable"} */ what, /** @type {"cpu" | "memory"} */ of, /** @type {number} */ unit) => nodes.reduce((total, node) => total + (node[what]?.[of] ?? 0) / unit, 0);
  const both = (/** @type {"cpu" | "memory"} */ of, /** @type {number} */ unit) => [sum("requested", of, unit), sum("allocatable", of, unit)];
  return { pods: PHASES.map((phase) => pods.filter((pod) => pod.phase === phase).length), cpu: both("cpu", 1000), memory: both("memory", 1024 ** 3), latency: latency(store) };
}

/** Add a sample; time that stands still replaces the last one, time that went back begins anew. @param {Sample[]} samples @param {Sample} next @param {number} most @returns {Sample[]} */
export function added(samples, next, most) {
  const last = samples.at(-1);
  if (last && next.at < last.at) return [next];
  const kept = last && last.at === next.at ? samples.slice(0, -1) : samples;
  return [...kept, next].slice(-most);
}
