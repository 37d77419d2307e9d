/**
 * How an object came to be as it is: who wrote it, who acted on it, what was observed; one ordered list over the object,
 * its owners and what it owns. Pure.
 *
 * @typedef {{time: string, depth: number, rank: number, actor: string, about: string, text: string, tone: "" | "warn"}} Step
 * @typedef {import("../types.js").Thin} Thin
 */

const OBSERVED = 5;
export const ADMITTED = 0.5;
/** Within one second causes come before effects: owners before what they own, then apply, admission, store, controller, scheduler, kubelet, what was observed. */
const RANKS = /** @type {Array<[RegExp, number]>} */ ([
  [/kubectl|playground|helm|curl|python/i, 0],
  [/controller/i, 2],
  [/scheduler/i, 3],
  [/kubelet/i, 4],
]);

/** @param {string} actor */
const rankOf = (actor) => RANKS.find(([pattern]) => pattern.test(actor))?.[1] ?? 2;

/** "spec, status.replicas" of a FieldsV1. @param {any} fields */
export function topFields(fields) {
  const names = Object.entries(fields ?? {}).flatMap(([key, inner]) => {
    if (!key.startsWith("f:")) return [];
    const below = Object.keys(/** @type {any} */ (inner) ?? {}).filter((one) => one.startsWith("f:"));
    const name = key.slice(2);
    return below.length && below.length <= 4 ? below.map((one) => `${name}.${one.slice(2)}`) : [name];
  });
  return names.slice(0, 6).join(", ") + (names.length > 6 ? "…" : "");
}

/** @param {any} object */
const nameOf = (object) => `${object.kind} ${object.metadata?.name ?? ""}`;

/** Who wrote which fields. @param {any} object @returns {Step[]} */
function writes(object) {
  return (object.metadata?.managedFields ?? []).map((/** @type {any} */ entry) => ({
    time: entry.time ?? "",
    depth: 0,
    rank: rankOf(entry.manager ?? ""),
    actor: entry.manager ?? "",
    about: nameOf(object),
    text: `${entry.operation}${entry.subresource ? ` /${entry.subresource}` : ""}: ${topFields(entry.fieldsV1)}`,
    tone: "",
  }));
}

const TOLERATED = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

/** What mutating admission gives every pod, as far as the pod shows it. @param {any} pod @returns {string[]} */
function admitted(pod) {
  const { serviceAccountName, volumes = [], tolerations = [], priority } = pod.spec ?? {};
  const token = volumes.find((/** @type {any} */ one) => String(one.name).startsWith("kube-api-access-"))?.name;
  const tolerated = tolerations.find((/** @type {any} */ one) => TOLERATED.includes(one.key) && one.tolerationSeconds !== undefined);
  return [
    serviceAccountName ? `ServiceAccount: ${[serviceAccountName, token].filter(Boolean).join(", ")}` : "",
    tolerated ? `DefaultTolerationSeconds: ${tolerated.tolerationSeconds} s` : "",
    priority === undefined ? "" : `Priority: ${priority}`,
  ].filter(Boolean);
}

/** @param {any} object @returns {Step[]} */
function admissions(object) {
  const found = object.kind === "Pod" ? admitted(object) : [];
  const time = object.metadata?.creationTimestamp ?? "";
  return found.length ? [{ time, depth: 0, rank: ADMITTED, actor: "kube-apiserver", about: nameOf(object), text: found.join(" · "), tone: "" }] : [];
}

/** What was observed. @param {any} object @returns {Step[]} */
function conditions(object) {
  const list = Array.isArray(object.status?.conditions) ? object.status.conditions : [];
  return list.filter((/** @type {any} */ one) => one.lastTransitionTime).map((/** @type {any} */ one) => ({
    time: one.lastTransitionTime,
    depth: 0,
    rank: OBSERVED,
    actor: one.type,
    about: nameOf(object),
    text: [`${one.type}=${one.status}`, one.reason, one.message].filter(Boolean).join(" · "),
    tone: "",
  }));
}

const MADE = /^Successful(Create|Delete)$/;

/** What is told about the object and its owners; of all that an owner made, only what leads to the object. @param {Thin[]} events @param {any[]} objects @returns {Step[]} */
function told(events, objects) {
  const places = new Map(objects.map((object, index) => [object.metadata?.uid, index]));
  const belongs = (/** @type {Thin} */ event) => {
    const place = places.get(event.about?.uid);
    if (place === undefined) return false;
    return place === 0 || !MADE.test(event.reason ?? "") || (event.message ?? "").split(" ").includes(objects[place - 1].metadata?.name);
  };
  return events.filter(belongs).map((event) => ({
    time: event.last ?? event.created ?? "",
    depth: 0,
    rank: rankOf(event.source ?? "") + 0.5,
    actor: event.source ?? "",
    about: `${event.about?.kind} ${event.about?.name}`,
    text: `${event.reason}${(event.count ?? 1) > 1 ? ` ×${event.count}` : ""}: ${event.message}`,
    tone: event.type === "Warning" ? "warn" : "",
  }));
}

/**
 * @param {any[]} objects the object and its owners, whole
 * @param {Thin[]} events
 * @param {Map<string, number>} [created] by uid: the revision at which each was stored first
 * @returns {Step[]}
 */
export function story(objects, events, created = new Map()) {
  const depths = new Map(objects.map((object, index) => [nameOf(object), objects.length - 1 - index]));
  const born = objects.map((object) => ({
    depth: 0,
    time: object.metadata?.creationTimestamp ?? "",
    rank: 1,
    actor: "kube-apiserver",
    about: nameOf(object),
    text: created.get(object.metadata?.uid) ? `etcd ${created.get(object.metadata?.uid)}` : "etcd",
    tone: /** @type {const} */ (""),
  }));
  const steps = [...objects.flatMap(writes), ...objects.flatMap(admissions), ...born, ...objects.flatMap(conditions), ...told(events, objects)];
  const placed = steps.map((step) => ({ ...step, depth: step.rank === OBSERVED ? Infinity : (depths.get(step.about) ?? 0) }));
  return placed.sort((a, b) => a.time.slice(0, 19).localeCompare(b.time.slice(0, 19)) || (a.depth === b.depth ? a.rank - b.rank : a.depth - b.depth));
}
