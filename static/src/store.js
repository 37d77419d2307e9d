/**
 * What the screen knows of one cluster: applies websocket frames and keeps the indexes the views read.
 * Pure: no DOM, no socket. A frame is applied whole or not at all; one that does not fit asks for a resync.
 *
 * @typedef {import("./types.js").Thin} Thin
 * @typedef {import("./types.js").Frame} Frame
 * @typedef {import("./types.js").Difference} Difference
 * @typedef {ReturnType<typeof createStore>} Store
 */

/** @type {ReadonlyMap<string, Thin>} */
const NOTHING = new Map();
const KEPT_EVENTS = 500;

/** @param {unknown} object @returns {object is Thin} */
const isThin = (object) => {
  const thin = /** @type {any} */ (object);
  return !!thin && typeof thin.k === "string" && typeof thin.uid === "string" && typeof thin.name === "string";
};

/** @param {any} change */
const isChange = (change) =>
  Array.isArray(change) &&
  ((change[0] === "put" && isThin(change[1])) ||
    (change[0] === "mod" && typeof change[1] === "string" && typeof change[2] === "string" && !!change[3] && typeof change[3] === "object") ||
    (change[0] === "del" && typeof change[1] === "string" && typeof change[2] === "string"));

export function createStore() {
  /** @type {Map<string, Map<string, Thin>>} */
  let kinds = new Map();
  /** @type {Map<string, Set<string>>} */
  let podsByNode = new Map();
  /** @type {Set<(difference: Difference) => void>} */
  const listeners = new Set();
  const state = {
    /** @type {number | null} */ revision: null,
    /** @type {string | null} */ session: null,
    /** @type {import("./types.js").Clock | null} */ clock: null,
    /** performance.now() when the clock was heard, to let it run on between frames */ clockHeard: 0,
    /** @type {import("./types.js").Connection} */ connection: "connecting",
    gone: "",
    /** what a follower sees: the presenter revoked the link */ ended: false,
    /** the virtual time that is shown instead of now, null: now @type {number | null} */
    past: /** @type {number | null} */ (null),
    resumed: false,
  };

  /** @param {Partial<Difference>} difference */
  const tell = (difference) => {
    const whole = { reset: false, put: [], removed: [], clock: false, ...difference };
    for (const listener of listeners) listener(whole);
  };

  /** @param {Thin} pod @param {boolean} present */
  function indexPod(pod, present) {
    const node = pod.node ?? "";
    let pods = podsByNode.get(node);
    if (!pods) podsByNode.set(node, (pods = new Set()));
    if (present) pods.add(pod.uid);
    else pods.delete(pod.uid);
  }

  /** @param {Thin} object @returns {Thin} */
  function put(object) {
    let objects = kinds.get(object.k);
    if (!objects) kinds.set(object.k, (objects = new Map()));
    const old = objects.get(object.uid);
    if (object.k === "Pod") {
      if (old) indexPod(old, false);
      indexPod(object, true);
    }
    objects.set(object.uid, object);
    if (object.k === "Event" && objects.size > KEPT_EVENTS) objects.delete(/** @type {string} */ (objects.keys().next().value));
    return object;
  }

  /** What has changed of an object; null: that is gone. @param {string} kind @param {string} uid @param {Record<string, any>} changed */
  function modify(kind, uid, changed) {
    /** @type {Record<string, any>} */
    const whole = { ...kinds.get(kind)?.get(uid), ...changed };
    for (const name of Object.keys(changed)) if (changed[name] === null) delete whole[name];
    return put(/** @type {any} */ (whole));
  }

  /** @param {any} change */
  const isKnown = (change) => change[0] !== "mod" || !!kinds.get(change[1])?.has(change[2]);

  /** @param {string} kind @param {string} uid */
  function remove(kind, uid) {
    const old = kinds.get(kind)?.get(uid);
    if (!old) return undefined;
    kinds.get(kind)?.delete(uid);
    if (kind === "Pod") indexPod(old, false);
    return old;
  }

  /** @param {import("./types.js").Clock | undefined} clock */
  function hearClock(clock) {
    if (!clock) return;
    state.clock = clock;
    state.clockHeard = performance.now();
  }

  /** @param {import("./types.js").Snapshot} frame */
  function snapshot(frame) {
    if (!Array.isArray(frame.objects) || !frame.objects.every(isThin) || !Number.isInteger(frame.revision)) return "resync";
    kinds = new Map();
    podsByNode = new Map();
    frame.objects.forEach(put);
    Object.assign(state, { revision: frame.revision, session: frame.session, connection: "live", resumed: false });
    hearClock(frame.clock);
    tell({ reset: true, clock: true });
    return "ok";
  }

  /** @param {import("./types.js").Delta} frame */
  function delta(frame) {
    if (frame.from !== state.revision || !Array.isArray(frame.changes) || !frame.changes.every(isChange)) return "resync";
    if (!Number.isInteger(frame.revision) || !frame.changes.every(isKnown)) return "resync";
    /** @type {Thin[]} */
    const puts = [];
    /** @type {Thin[]} */
    const removed = [];
    for (const change of frame.changes) {
      if (change[0] === "put") puts.push(put(change[1]));
      else if (change[0] === "mod") puts.push(modify(change[1], change[2], change[3]));
      else {
        const old = remove(change[1], change[2]);
        if (old) removed.push(old);
      }
    }
    state.revision = frame.revision;
    state.connection = "live";
    hearClock(frame.clock);
    tell({ put: puts, removed, clock: !!frame.clock });
    return "ok";
  }

  return {
    state,

    /**
     * Apply one frame of the server.
     * @param {Frame} frame
     * @returns {"ok" | "resync" | "error"} "resync": nothing was changed, ask the server for a snapshot
     */
    apply(frame) {
      if (state.past !== null && (frame?.type === "snapshot" || frame?.type === "delta")) return "ok"; // leaving asks anew
      switch (frame?.type) {
        case "snapshot":
          return /** @type {"ok" | "resync"} */ (snapshot(frame));
        case "delta":
          return /** @type {"ok" | "resync"} */ (delta(frame));
        case "clock":
          hearClock(frame.clock);
          tell({ clock: true });
          return "ok";
        case "gone":
          Object.assign(state, { connection: "gone", gone: String(frame.reason ?? ""), ended: frame.ended === true });
          tell({ clock: true });
          return "ok";
        case "error":
          return "error";
        default:
          return "resync";
      }
    },

    /**
     * Show another time's snapshot, and nothing live until `leavePast`.
     * @param {{objects: Thin[], revision: number, time?: string}} frame @returns {"ok" | "resync"} as `apply`
     */
    showPast(frame) {
      const { session, connection } = state;
      const whole = { type: /** @type {const} */ ("snapshot"), session: session ?? "", revision: frame.revision, clock: /** @type {any} */ (undefined), objects: frame.objects };
      const before = state.past;
      state.past = Date.parse(frame.time ?? "") * 1000 || 0;
      if (snapshot(whole) === "resync") {
        state.past = before;
        return "resync";
      }
      Object.assign(state, { connection });
      tell({ reset: true, clock: true });
      return "ok";
    },

    /** Back to now; the caller asks the server for everything. */
    leavePast() {
      state.past = null;
    },

    /** @param {import("./types.js").Connection} connection @param {boolean} [resumed] */
    setConnection(connection, resumed = false) {
      if (state.connection === "gone") return;
      Object.assign(state, { connection, resumed });
      tell({ clock: true });
    },

    /** The virtual time now in microseconds, run on since the last frame. */
    now() {
      const { clock, clockHeard } = state;
      if (state.past) return state.past;
      if (!clock) return 0;
      if (clock.paused || !(clock.speed > 0)) return clock.now;
      return clock.now + (performance.now() - clockHeard) * 1000 * clock.speed;
    },

    /** @param {string} kind @returns {ReadonlyMap<string, Thin>} */
    kind: (kind) => kinds.get(kind) ?? NOTHING,
    /** @param {string} kind @returns {Thin[]} */
    all: (kind) => [...(kinds.get(kind)?.values() ?? [])],
    /** @param {string} uid @returns {Thin | undefined} */
    byUid(uid) {
      for (const objects of kinds.values()) {
        const found = objects.get(uid);
        if (found) return found;
      }
      return undefined;
    },
    /** @param {string} kind @param {string | undefined} ns @param {string} name */
    named(kind, ns, name) {
      for (const object of kinds.get(kind)?.values() ?? [])
        if (object.name === name && (object.ns ?? "") === (ns ?? "")) return object;
      return undefined;
    },
    /** The uids of the pods on a node; "" asks for those that have none. @param {string} node @returns {ReadonlySet<string>} */
    podsOn: (node) => podsByNode.get(node) ?? new Set(),

    /** @param {(difference: Difference) => void} listener @returns {() => void} undo */
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
