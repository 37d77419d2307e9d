/**
 * Where everything stands in the picture, in world units. Pure: the same cluster and memory give the same places.
 * Pods keep their slot in a room as long as they live, so that only what changed moves.
 *
 * @typedef {{x: number, y: number, w: number, h: number}} Box
 * @typedef {Box & {name: string, key: string, cols: number, hidden: number, role?: string}} Room `key`: its place among the moving blocks
 * @typedef {Box & {uid: string}} Chip
 * @typedef {object} Plan what there is to place
 * @property {Array<{name: string, zone: string, pods: string[]}>} nodes
 * @property {string[]} waiting uids of pods without a node
 * @property {string[]} parts names of control-plane parts
 * @property {{node: string, pods: string[]}} [master] the node the parts run on: its room is the machine room
 * @property {Array<{uid: string, children: string[]}>} workloads top-most first, with the replica sets to show under them
 * @property {string[]} services uids
 * @property {number} aspect width / height of the view
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {Room[]} rooms
 * @property {Array<Box & {name: string}>} zones
 * @property {Map<string, Box>} pods
 * @property {(Box & {parts: Map<string, Box>, node: string}) | null} control parts are placed relative to it
 * @property {(Box & {hidden: number}) | null} waiting
 * @property {Map<string, Box>} workloads Deployments and the like, and replica sets, by uid
 * @property {Map<string, Box>} services
 */

export const POD = { w: 128, h: 40, gap: 8 };
export const ROOM = { pad: 16, head: 76, gap: 32 };
const PART = { w: 264, h: 48, gap: 8, head: 64 };
const TALL = 0.8; // narrower views get everything below each other
const CARD = { w: 208, h: 64, gap: 16, child: 32 };
const SERVICE = { w: 216, h: 56, gap: 16 };
const COLUMN_GAP = 56;
const ZONE_HEAD = 40;
const MOST_WAITING = 40;

/** Room sizes step, so that a new pod seldom moves a wall. @param {number} pods */
export function roomSlots(pods) {
  for (const step of [4, 6, 9, 12, 16, 24, 32, 48, 64, 96, 128]) if (pods <= step) return step;
  return Math.ceil(pods / 64) * 64;
}

/** @param {number} cols @param {number} slots */
function roomSize(cols, slots) {
  const rows = Math.ceil(slots / cols);
  return {
    w: ROOM.pad * 2 + cols * POD.w + (cols - 1) * POD.gap,
    h: ROOM.head + ROOM.pad + rows * POD.h + (rows - 1) * POD.gap,
  };
}

/**
 * How many rooms beside each other and how many pods beside each other in a room fill the view best.
 * @param {number} rooms @param {number} slots @param {number} aspect
 */
export function bestGrid(rooms, slots, aspect) {
  let best = { across: 1, cols: 2, scale: 0 };
  const widest = Math.min(rooms, Math.ceil(Math.sqrt(rooms * Math.max(aspect, 0.5)) * 2) + 1);
  for (const cols of [2, 3, 4, 6, 8].filter((n) => n <= slots)) {
    const size = roomSize(cols, slots);
    for (let across = 1; across <= widest; across++) {
      const down = Math.ceil(rooms / across);
      const width = across * (size.w + ROOM.gap);
      const height = down * (size.h + ROOM.gap);
      const scale = Math.min(aspect / width, 1 / height);
      if (scale > best.scale * 1.001) best = { across, cols, scale };
    }
  }
  return best;
}

/**
 * Which slot each pod of a room takes: those that were there keep theirs, new ones take the first free one.
 * @param {string[]} pods @param {Map<string, number>} before
 */
export function assignSlots(pods, before) {
  /** @type {Map<string, number>} */
  const slots = new Map();
  /** @type {Set<number>} */
  const taken = new Set();
  for (const uid of pods) {
    const slot = before.get(uid);
    if (slot === undefined || taken.has(slot)) continue;
    slots.set(uid, slot);
    taken.add(slot);
  }
  let next = 0;
  for (const uid of pods) {
    if (slots.has(uid)) continue;
    while (taken.has(next)) next += 1;
    taken.add(next);
    slots.set(uid, next);
  }
  return slots;
}

/** Remembers slots from one layout to the next. */
export function createMemory() {
  return { /** @type {Map<string, Map<string, number>>} */ slots: new Map(), /** @type {Map<string, number>} */ master: new Map() };
}

/** @param {Box} box @param {number} slot @param {number} cols @param {number} head @returns {Box} */
function slotBox(box, slot, cols, head) {
  return {
    x: box.x + ROOM.pad + (slot % cols) * (POD.w + POD.gap),
    y: box.y + head + Math.floor(slot / cols) * (POD.h + POD.gap),
    w: POD.w,
    h: POD.h,
  };
}

/** Groups nodes by zone, in order of first appearance. @param {Plan["nodes"]} nodes */
function byZone(nodes) {
  /** @type {Map<string, Plan["nodes"]>} */
  const zones = new Map();
  for (const node of nodes) {
    const group = zones.get(node.zone);
    if (group) group.push(node);
    else zones.set(node.zone, [node]);
  }
  return zones;
}

/**
 * @param {Plan} plan @param {ReturnType<typeof createMemory>} memory @param {number} left @param {number} top @param {Layout} out
 */
function placeRooms(plan, memory, left, top, out) {
  const slotsOf = new Map(plan.nodes.map((node) => [node.name, assignSlots(node.pods, memory.slots.get(node.name) ?? new Map())]));
  memory.slots = new Map([...slotsOf, ...(plan.master ? [/** @type {const} */ ([plan.master.node, memory.master])] : [])]);
  const highest = Math.max(0, ...[...slotsOf.values()].map((slots) => Math.max(-1, ...slots.values()) + 1));
  const slots = roomSlots(highest);
  const zones = byZone(plan.nodes);
  const { across, cols } = bestGrid(Math.max(1, plan.nodes.length), slots, plan.aspect);
  const size = roomSize(cols, slots);
  const zoned = [...zones.keys()].some((zone) => zone !== "");
  let y = top;
  for (const [zone, nodes] of zones) {
    const head = zoned ? ZONE_HEAD : 0;
    const rows = Math.ceil(nodes.length / across);
    const width = Math.min(across, nodes.length) * (size.w + ROOM.gap) - ROOM.gap;
    const height = head + rows * (size.h + ROOM.gap) - ROOM.gap;
    if (zoned) out.zones.push({ name: zone, x: left - 12, y, w: width + 24, h: height + 12 });
    nodes.forEach((node, index) => {
      const x = left + (index % across) * (size.w + ROOM.gap);
      const room = { name: node.name, key: `room/${node.name}`, x, y: y + head + Math.floor(index / across) * (size.h + ROOM.gap), ...size, cols, hidden: 0 };
      out.rooms.push(room);
      for (const [uid, slot] of slotsOf.get(node.name) ?? []) out.pods.set(uid, slotBox(room, slot, cols, ROOM.head));
    });
    out.width = Math.max(out.width, left + width);
    y += height + ROOM.gap;
  }
  out.height = Math.max(out.height, y - ROOM.gap);
}

/** The machine room: the control plane's parts, and under them what else runs on that node. @param {Plan} plan @param {ReturnType<typeof createMemory>} memory @param {Layout} out @param {number} [y] */
function placeControl(plan, memory, out, y = 0) {
  const node = plan.master?.node ?? "";
  const slots = assignSlots(plan.master?.pods ?? [], memory.slots.get(node) ?? new Map());
  memory.master = slots;
  const parts = new Map(
    plan.parts.map((name, index) => [name, { x: ROOM.pad, y: PART.head + index * (PART.h + PART.gap), w: PART.w, h: PART.h }]),
  );
  const podsTop = PART.head + plan.parts.length * (PART.h + PART.gap) + (slots.size ? PART.gap : 0);
  const rows = Math.ceil((Math.max(-1, ...slots.values()) + 1) / 2);
  const h = podsTop + rows * (POD.h + POD.gap) - POD.gap + ROOM.pad;
  out.control = { x: 0, y, w: PART.w + ROOM.pad * 2, h, parts, node };
  for (const [uid, slot] of slots) out.pods.set(uid, slotBox(out.control, slot, 2, podsTop));
}

/**
 * The left column: the machine room, and under it who waits for a node.
 * @param {Plan} plan @param {ReturnType<typeof createMemory>} memory @param {Layout} out
 */
function placeLeft(plan, memory, out) {
  if (plan.parts.length) placeControl(plan, memory, out);
  const below = out.control ? out.control.h + ROOM.gap : 0;
  if (plan.waiting.length) placeWaiting(plan.waiting, below, out);
  out.height = out.waiting ? out.waiting.y + out.waiting.h : (out.control?.h ?? 0);
  out.width = Math.max(out.control?.w ?? 0, out.waiting?.w ?? 0);
}

/** @param {string[]} waiting @param {number} y @param {Layout} out */
function placeWaiting(waiting, y, out) {
  const shown = waiting.slice(0, MOST_WAITING);
  const cols = shown.length > 12 ? 3 : shown.length > 5 ? 2 : 1;
  const head = 52;
  const rows = Math.ceil(shown.length / cols);
  const inner = cols * (POD.w + POD.gap) - POD.gap;
  const w = Math.max(PART.w, inner) + ROOM.pad * 2;
  const hidden = waiting.length - shown.length;
  const h = head + rows * (POD.h + POD.gap) - POD.gap + ROOM.pad + (hidden ? 24 : 0);
  out.waiting = { x: 0, y, w, h, hidden };
  shown.forEach((uid, index) => out.pods.set(uid, slotBox(/** @type {Box} */ (out.waiting), index, cols, head)));
}

/** The strip on top: each workload with its replica sets. @param {Plan} plan @param {{x: number, y: number, room: number}} at `room` is the width there is @param {Layout} out */
function placeWorkloads(plan, { x: left, y: from, room }, out) {
  const across = Math.max(1, Math.floor((room + CARD.gap) / (CARD.w + CARD.gap)));
  let y = from;
  for (let start = 0; start < plan.workloads.length; start += across) {
    const row = plan.workloads.slice(start, start + across);
    const tallest = Math.max(...row.map((card) => card.children.length));
    row.forEach((card, index) => {
      const x = left + index * (CARD.w + CARD.gap);
      out.workloads.set(card.uid, { x, y, w: CARD.w, h: CARD.h });
      card.children.forEach((uid, n) => {
        out.workloads.set(uid, { x: x + 24, y: y + CARD.h + 8 + n * (CARD.child + 8), w: CARD.w - 24, h: CARD.child });
      });
    });
    y += CARD.h + tallest * (CARD.child + 8) + CARD.gap;
  }
  return plan.workloads.length ? y + ROOM.gap - CARD.gap : from;
}

/** The column on the right, in as many columns as the height asks for; below everything in a tall view. @param {Plan} plan @param {number} top @param {boolean} tall @param {Layout} out */
function placeServices(plan, top, tall, out) {
  if (!plan.services.length) return;
  const down = tall ? Math.ceil(plan.services.length / 2) : Math.max(4, Math.floor((out.height - top) / (SERVICE.h + SERVICE.gap)));
  const left = tall ? 0 : out.width + COLUMN_GAP * 1.5;
  const first = tall ? out.height + COLUMN_GAP : top;
  plan.services.forEach((uid, index) => {
    const x = left + Math.floor(index / down) * (SERVICE.w + SERVICE.gap);
    const y = first + (index % down) * (SERVICE.h + SERVICE.gap);
    out.services.set(uid, { x, y, w: SERVICE.w, h: SERVICE.h });
    out.width = Math.max(out.width, x + SERVICE.w);
    out.height = Math.max(out.height, y + SERVICE.h);
  });
}

/** @param {Plan} plan @returns {number} an estimate of how wide the rooms will be, for the strip above them */
function roomsWidth(plan) {
  const slots = roomSlots(Math.max(0, ...plan.nodes.map((node) => node.pods.length)));
  const { across, cols } = bestGrid(Math.max(1, plan.nodes.length), slots, plan.aspect);
  return Math.min(across, Math.max(1, plan.nodes.length)) * (roomSize(cols, slots).w + ROOM.gap) - ROOM.gap;
}

/** @param {Plan} plan @param {ReturnType<typeof createMemory>} memory @returns {Layout} */
export function layOut(plan, memory) {
  /** @type {Layout} */
  const out = {
    width: 0,
    height: 0,
    rooms: [],
    zones: [],
    pods: new Map(),
    control: null,
    waiting: null,
    workloads: new Map(),
    services: new Map(),
  };
  return plan.aspect < TALL ? layOutTall(plan, memory, out) : layOutWide(plan, memory, out);
}

/** The machine room left, rooms in the middle under the workloads, services right. @param {Plan} plan @param {ReturnType<typeof createMemory>} memory @param {Layout} out */
function layOutWide(plan, memory, out) {
  placeLeft(plan, memory, out);
  const left = out.width ? out.width + COLUMN_GAP : 0;
  const top = placeWorkloads(plan, { x: left, y: 0, room: Math.max(roomsWidth(plan), CARD.w * 2) }, out);
  grow(out, [...out.workloads.values()]);
  placeRooms(plan, memory, left, top, out);
  placeServices(plan, top, false, out);
  return out;
}

/** Everything below each other, what matters most first. @param {Plan} plan @param {ReturnType<typeof createMemory>} memory @param {Layout} out */
function layOutTall(plan, memory, out) {
  const top = placeWorkloads(plan, { x: 0, y: 0, room: CARD.w * 2 + CARD.gap }, out);
  grow(out, [...out.workloads.values()]);
  placeRooms(plan, memory, 0, top, out);
  if (plan.waiting.length) placeWaiting(plan.waiting, out.height + ROOM.gap, out);
  if (out.waiting) grow(out, [out.waiting]);
  placeServices(plan, 0, true, out);
  if (plan.parts.length) placeControl(plan, memory, out, out.height + COLUMN_GAP);
  if (out.control) grow(out, [out.control]);
  return out;
}

/** @param {Layout} out @param {Box[]} boxes */
function grow(out, boxes) {
  for (const box of boxes) {
    out.width = Math.max(out.width, box.x + box.w);
    out.height = Math.max(out.height, box.y + box.h);
  }
}
