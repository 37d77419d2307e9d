/**
 * From the store to what the picture places: which nodes, pods, parts, workloads and services are shown, in which order.
 * Pure.
 *
 * @typedef {import("../types.js").Thin} Thin
 * @typedef {{system: boolean, services: boolean, owners: boolean, namespace: string}} Layers
 */

import { isSystem } from "../health.js";

const TOP_KINDS = ["Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicaSet"];
const PART_ORDER = ["kube-apiserver", "etcd", "kube-scheduler", "kube-controller-manager"];
const MOST_WORKLOADS = 24;
const MOST_SERVICES = 60;

const collator = new Intl.Collator("en", { numeric: true });
/** @param {string} a @param {string} b */
const byText = (a, b) => (a === b ? 0 : collator.compare(a, b));
/** @param {Thin} a @param {Thin} b */
const byName = (a, b) => byText(a.ns ?? "", b.ns ?? "") || byText(a.name, b.name);

/** @param {Layers} layers */
export function visible(layers) {
  /** @param {Thin} thin */
  return (thin) => (layers.system || !isSystem(thin)) && (!layers.namespace || thin.ns === layers.namespace);
}

/** @param {Thin} node */
export const isControlPlane = (node) => /control-plane|master/.test(node.role ?? "");

/** The order last found, and of what: sorting a thousand names costs more than all else here. @type {WeakMap<import("../store.js").Store, {key: string, order: string[]}>} */
const orders = new WeakMap();

/** @param {import("../store.js").Store} store */
function orderedNodes(store) {
  const nodes = store.all("Node");
  const key = nodes.map((node) => `${node.uid}/${node.name}/${node.zone ?? ""}/${node.role ?? ""}`).sort().join();
  const known = orders.get(store);
  if (known?.key === key) return known.order.map((uid) => /** @type {Thin} */ (store.kind("Node").get(uid)));
  nodes.sort((a, b) => Number(isControlPlane(b)) - Number(isControlPlane(a)) || byText(a.zone ?? "", b.zone ?? "") || byName(a, b));
  orders.set(store, { key, order: nodes.map((node) => node.uid) });
  return nodes;
}

/** @param {import("../store.js").Store} store @param {(thin: Thin) => boolean} shown */
function podsOn(store, shown) {
  const pods = store.kind("Pod");
  /** @param {string} node */
  return (node) => {
    const uids = [];
    for (const uid of store.podsOn(node)) {
      const pod = pods.get(uid);
      if (pod && shown(pod)) uids.push(uid);
    }
    return uids;
  };
}

/** Deployments and the like that nothing owns, with the replica sets that still have or want pods. @param {import("../store.js").Store} store @param {(thin: Thin) => boolean} shown */
function workloads(store, shown) {
  const tops = TOP_KINDS.flatMap((kind) => store.all(kind).filter((thin) => !thin.owner && shown(thin)).sort(byName));
  const sets = store.all("ReplicaSet").sort((a, b) => Number(a.revision ?? 0) - Number(b.revision ?? 0));
  return tops.slice(0, MOST_WORKLOADS).map((top) => ({
    uid: top.uid,
    children: sets.filter((set) => set.owner?.uid === top.uid && ((set.desired ?? 0) > 0 || Number(set.ready ?? 0) > 0)).map((set) => set.uid),
  }));
}

/** @param {import("../store.js").Store} store */
export function partNames(store) {
  const names = store.all("Component").map((part) => part.name);
  const rank = (/** @type {string} */ name) => (PART_ORDER.indexOf(name) + 1 || PART_ORDER.length + 1);
  return names.sort((a, b) => rank(a) - rank(b) || byText(a, b));
}

/** The node whose room is the machine room: where the control plane's parts run. @param {import("../store.js").Store} store */
export function masterOf(store) {
  for (const part of store.kind("Component").values()) if (part.node && store.named("Node", undefined, part.node)) return part.node;
  return undefined;
}

/** @param {import("../store.js").Store} store @param {Layers} layers @param {number} aspect @returns {import("./layout.js").Plan} */
export function makePlan(store, layers, aspect) {
  const shown = visible(layers);
  const on = podsOn(store, shown);
  const parts = partNames(store);
  const master = masterOf(store);
  const inRooms = orderedNodes(store).filter((node) => node.name !== master);
  const statics = store.kind("Pod");
  return {
    nodes: inRooms.map((node) => ({ name: node.name, zone: node.zone ?? "", pods: on(node.name) })),
    waiting: on(""),
    parts,
    // The parts' own static pods are not shown twice.
    master: master ? { node: master, pods: on(master).filter((uid) => !statics.get(uid)?.static) } : undefined,
    workloads: layers.owners ? workloads(store, shown) : [],
    services: layers.services ? store.all("Service").filter(shown).sort(byName).slice(0, MOST_SERVICES).map((thin) => thin.uid) : [],
    aspect,
  };
}

/** Kinds whose every change may move something; a pod or node moves only when what its place depends on differs. */
const WORKLOADS = [...TOP_KINDS, "Service", "Component"];

/** What the place of a thing depends on. @param {Thin} thin */
const placeOf = (thin) => (thin.k === "Pod" ? `${thin.node ?? ""}|${thin.static ?? ""}|${thin.ns}` : `${thin.name}|${thin.zone ?? ""}|${thin.role ?? ""}`);

/** Tells which changes need a new layout and which only new paint. @param {import("../store.js").Store} store */
export function createPlaces(store) {
  /** @type {Map<string, string>} */
  const places = new Map();
  return {
    /** @param {import("../types.js").Difference} difference */
    moved({ put, removed, reset }) {
      if (reset) {
        places.clear();
        for (const kind of ["Pod", "Node"]) for (const thin of store.kind(kind).values()) places.set(thin.uid, placeOf(thin));
      }
      let moved = reset;
      for (const thin of put) {
        if (thin.k !== "Pod" && thin.k !== "Node") moved ||= WORKLOADS.includes(thin.k);
        else if (places.get(thin.uid) !== placeOf(thin)) moved = !!places.set(thin.uid, placeOf(thin));
      }
      for (const thin of removed) moved = places.delete(thin.uid) || WORKLOADS.includes(thin.k) || thin.k === "Pod" || thin.k === "Node" || moved;
      return moved;
    },
  };
}
