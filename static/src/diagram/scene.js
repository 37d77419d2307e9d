/**
 * Everything one frame is painted from, and the painting order. `createScene` joins store, layout, motion and camera with
 * the small questions the drawing modules ask.
 *
 * @typedef {ReturnType<typeof createScene>} Scene
 * @typedef {import("../types.js").Thin} Thin
 * @typedef {import("./layout.js").Box} Box
 */

import { drawOwnerLinks, drawServiceArrivals, drawServiceEnds, drawServiceLinks, drawServices, drawWorkloads } from "./drawlinks.js";
import { drawPods } from "./drawpods.js";
import { drawControl, drawRooms, drawWaiting, drawZones } from "./drawrooms.js";
import { drawTrace } from "./drawtrace.js";
import { roundBox, setFont } from "./pen.js";

const WORKLOADS = ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job"];

/**
 * @param {object} given
 * @param {CanvasRenderingContext2D} given.ctx
 * @param {import("../store.js").Store} given.store
 * @param {import("./layout.js").Layout} given.layout
 * @param {ReturnType<typeof import("./motion.js").createMotion>} given.blocks
 * @param {ReturnType<typeof import("./motion.js").createMotion>} given.pods
 * @param {import("./camera.js").Camera} given.camera
 * @param {{width: number, height: number, ratio: number}} given.view
 * @param {import("./theme.js").Theme} given.theme
 * @param {ReturnType<typeof import("../palette.js").createPalette>} given.palette
 * @param {{hover: string | null, selected: string | null}} given.focus
 * @param {Map<string, Thin>} given.ghosts pods that are gone and still fade
 * @param {number} given.stamp another one whenever a pod may have come, gone or changed
 * @param {number} given.turn angle of turning glyphs
 * @param {import("../why/hops.js").Shown | null} given.trace
 * @param {number} given.travelled how many legs of its way the traced request has behind it
 */
export function createScene(given) {
  const { camera, view, store, focus } = given;
  const related = relatedTo(store, focus.selected);
  const right = camera.x + view.width / camera.k;
  const bottom = camera.y + view.height / camera.k;
  /** @type {Map<string, Thin> | undefined} */
  let nodes;
  /** @type {End[] | undefined} */
  let ends;
  return {
    ...given,
    /** @param {string} name @returns {Thin | undefined} */
    node(name) {
      nodes ??= new Map(store.all("Node").map((node) => [node.name, node]));
      return nodes.get(name);
    },
    /** @param {Box} box */
    inView(box) {
      return box.x < right && box.y < bottom && box.x + box.w > camera.x && box.y + box.h > camera.y;
    },
    /** How strongly to paint a pod while something it has nothing to do with is selected. @param {string} uid */
    dim: (uid) => (!related || related.has(uid) ? 1 : 0.35),
    /** @param {string} _uid */
    dimRoom: (_uid) => 1,
    /** @param {string} uid @returns {Thin | undefined} */
    workload(uid) {
      for (const kind of WORKLOADS) {
        const found = store.kind(kind).get(uid);
        if (found) return found;
      }
      return undefined;
    },
    /** @param {string} uid @param {Thin} pod */
    owns: (uid, pod) => owns(store, uid, pod),
    endpoints: () => (ends ??= endpoints(store, given.layout)),
  };
}

/** @param {import("../store.js").Store} store @param {string} uid @param {Thin} pod */
function owns(store, uid, pod) {
  if (pod.owner?.uid === uid) return true;
  const set = pod.owner?.uid ? store.kind(pod.owner.kind).get(pod.owner.uid) : undefined;
  return set?.owner?.uid === uid;
}

/** The pods that belong to the selected workload or service; null when nothing such is selected. @param {import("../store.js").Store} store @param {string | null} selected */
function relatedTo(store, selected) {
  if (!selected) return null;
  const service = store.kind("Service").get(selected);
  if (service) return new Set(serviceEndpoints(store, service).map((endpoint) => endpoint.uid));
  if (!WORKLOADS.some((kind) => store.kind(kind).has(selected))) return null;
  const pods = new Set();
  for (const pod of store.kind("Pod").values()) if (owns(store, selected, pod)) pods.add(pod.uid);
  return pods;
}

/** @typedef {{service: Thin, uid: string, ready: boolean}} End */

/** @param {Thin} service @param {Thin[]} slices its own @returns {End[]} */
function endsOf(service, slices) {
  /** @type {End[]} */
  const found = [];
  for (const slice of slices) for (const endpoint of slice.endpoints ?? []) if (endpoint.podUid) found.push({ service, uid: endpoint.podUid, ready: endpoint.ready !== false });
  return found;
}

/** @param {import("../store.js").Store} store @param {Thin} service */
export const serviceEndpoints = (store, service) => endsOf(service, store.all("EndpointSlice").filter((slice) => slice.service === service.name && slice.ns === service.ns));

/** Of all services that are drawn. @param {import("../store.js").Store} store @param {import("./layout.js").Layout} layout @returns {End[]} */
function endpoints(store, layout) {
  if (!layout.services.size) return [];
  /** @type {Map<string, Thin[]>} */
  const slices = new Map();
  for (const slice of store.kind("EndpointSlice").values()) {
    const key = `${slice.ns}/${slice.service}`;
    const known = slices.get(key);
    if (known) known.push(slice);
    else slices.set(key, [slice]);
  }
  return [...layout.services.keys()].flatMap((uid) => {
    const service = store.kind("Service").get(uid);
    return service ? endsOf(service, slices.get(`${service.ns}/${service.name}`) ?? []) : [];
  });
}

/** @param {Scene} scene */
export function paint(scene) {
  const { ctx, camera, view } = scene;
  setFont(ctx, "");
  ctx.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
  ctx.fillStyle = scene.theme.ground;
  ctx.fillRect(0, 0, view.width, view.height);
  const k = camera.k * view.ratio;
  ctx.setTransform(k, 0, 0, k, -camera.x * k, -camera.y * k);
  drawZones(scene);
  drawServiceLinks(scene);
  drawRooms(scene);
  drawControl(scene);
  drawWaiting(scene);
  drawWorkloads(scene);
  drawServices(scene);
  drawServiceArrivals(scene);
  drawPods(scene);
  drawServiceEnds(scene);
  drawOwnerLinks(scene);
  drawMarks(scene);
  drawTrace(scene);
}

/** Outlines of what is pointed at and what is selected. @param {Scene} scene */
function drawMarks(scene) {
  const { focus } = scene;
  if (focus.hover && focus.hover !== focus.selected) mark(scene, focus.hover, 1.5);
  if (focus.selected) mark(scene, focus.selected, 3);
}

/** @param {Scene} scene @param {string} uid @param {number} width */
function mark(scene, uid, width) {
  const node = scene.store.kind("Node").get(uid);
  const box = scene.pods.sprites.get(uid) ?? (node && scene.blocks.sprites.get(node.name === scene.layout.control?.node ? "control" : `room/${node.name}`));
  if (!box) return;
  const gap = node ? 0 : 3;
  const { ctx, theme, camera } = scene;
  roundBox(ctx, { x: box.x - gap, y: box.y - gap, w: box.w + gap * 2, h: box.h + gap * 2 }, node ? 12 : 10);
  ctx.lineWidth = Math.max(width, width / camera.k / 1.5);
  ctx.strokeStyle = theme.accent;
  ctx.stroke();
}
