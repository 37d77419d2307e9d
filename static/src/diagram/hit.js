/**
 * What lies under a point of the picture: the smallest thing wins. Pure.
 *
 * @typedef {import("./layout.js").Layout} Layout
 * @typedef {{kind: string, key: string}} Hit `key` is a uid, or the name of a node or part
 */

/** @param {import("./layout.js").Box} box @param {number} x @param {number} y */
const inside = (box, x, y) => x >= box.x && x <= box.x + box.w && y >= box.y && y <= box.y + box.h;

/** @param {Iterable<[string, import("./layout.js").Box]>} boxes @param {number} x @param {number} y */
function first(boxes, x, y) {
  for (const [key, box] of boxes) if (inside(box, x, y)) return key;
  return undefined;
}

/** @param {Layout} layout @param {number} x @param {number} y @returns {Hit | null} */
export function hitTest(layout, x, y) {
  const pod = first(layout.pods, x, y);
  if (pod) return { kind: "Pod", key: pod };
  const part = layout.control && first(layout.control.parts, x, y);
  if (part) return { kind: "Component", key: part };
  const owner = first(layout.workloads, x, y);
  if (owner) return { kind: "Workload", key: owner };
  const service = first(layout.services, x, y);
  if (service) return { kind: "Service", key: service };
  const room = layout.rooms.find((one) => inside(one, x, y));
  if (room) return { kind: "Node", key: room.name };
  return layout.control?.node && inside(layout.control, x, y) ? { kind: "Node", key: layout.control.node } : null;
}
