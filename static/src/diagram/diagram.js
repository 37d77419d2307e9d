/**
 * The live picture: a canvas that follows the store. Mounts into an element and returns its undo. It paints only when
 * something changed or moves; the outline (tree.js) says the same for those who do not see it.
 *
 * @typedef {import("../context.js").Context} Context
 * @typedef {import("../types.js").Difference} Difference
 */

import { t } from "../i18n/index.js";
import { fit, LARGEST_FIT, LARGEST_PRESENTED, reveal, toWorld, zoomAt } from "./camera.js";
import { LEG_MS } from "./drawtrace.js";
import { cameraFor, frameOf } from "./frame.js";
import { hitTest } from "./hit.js";
import { attachInput } from "./input.js";
import { createMemory, layOut } from "./layout.js";
import { createMotion } from "./motion.js";
import { createPlaces, makePlan } from "./plan.js";
import { createScene, paint } from "./scene.js";
import { readTheme } from "./theme.js";

const BIG_CHANGE = 400;
/** After a layout, let so many times what it took pass before the next one: a big cluster in turmoil still moves smoothly. */
const LAYOUT_REST = 8;

/** @param {import("./layout.js").Layout} layout @returns {Map<string, import("./layout.js").Box>} */
function blockBoxes(layout) {
  /** @type {Map<string, import("./layout.js").Box>} */
  const boxes = new Map();
  for (const room of layout.rooms) boxes.set(room.key, room);
  for (const zone of layout.zones) boxes.set(`zone/${zone.name}`, zone);
  for (const [uid, box] of layout.workloads) boxes.set(`card/${uid}`, box);
  for (const [uid, box] of layout.services) boxes.set(`service/${uid}`, box);
  if (layout.control) boxes.set("control", layout.control);
  if (layout.waiting) boxes.set("waiting", layout.waiting);
  return boxes;
}

/**
 * @param {HTMLElement} element
 * @param {Context} context
 * @returns {() => void} undo
 */
export function mountDiagram(element, context) {
  const { store, ui, palette } = context;
  const canvas = document.createElement("canvas");
  canvas.className = "diagram-canvas";
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", t("diagram.label"));
  canvas.setAttribute("aria-describedby", "diagram-help");
  element.append(canvas);
  const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));

  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const motion = { reduced: () => calm.matches };
  const blocks = createMotion(motion);
  const pods = createMotion(motion);
  const memory = createMemory();
  const places = createPlaces(store);
  /** @type {Map<string, import("../types.js").Thin>} */
  const ghosts = new Map();
  const view = { width: 0, height: 0, ratio: 1 };
  let theme = readTheme(canvas);
  let camera = { x: 0, y: 0, k: 1 };
  /** @type {import("./camera.js").Camera | null} */
  let cameraGoal = null;
  let followFit = true;
  /** what the world is laid out for instead of this view, while a presenter is followed */
  let givenAspect = 0;
  let traceBegan = 0;
  let layoutDirty = true;
  let layoutAfter = 0;
  let quiet = true;
  let stamp = 0;
  let podsMoved = false;
  let scheduled = 0;
  /** @type {string | null} */
  let hover = null;
  let layout = layOut(makePlan(store, layers(), 1.5), memory);

  function layers() {
    const { system, services, owners, namespace } = ui.get();
    return { system, services, owners, namespace };
  }

  const aspect = () => givenAspect || view.width / Math.max(1, view.height);

  /** How many legs of its way the traced request has behind it. @param {number} now */
  function travelled(now) {
    if (!ui.get().trace || calm.matches) return Infinity;
    traceBegan ||= now;
    return (now - traceBegan) / LEG_MS;
  }

  const travelling = (/** @type {number} */ legs) => {
    const { trace } = ui.get();
    return !!trace && trace.at < 0 && legs < trace.way.length - 1;
  };

  function wake() {
    if (!scheduled) scheduled = requestAnimationFrame(frame);
  }

  /** @param {number} now */
  function relayout(now) {
    layoutDirty = false;
    stamp += 1;
    const started = performance.now();
    layout = layOut(makePlan(store, layers(), aspect()), memory);
    blocks.aimAt(blockBoxes(layout), now, quiet);
    pods.aimAt(layout.pods, now, quiet);
    const quietly = quiet;
    quiet = false;
    layoutAfter = now + (performance.now() - started) * LAYOUT_REST;
    if (followFit) aimCamera(fit(layout, view, margin()), quietly);
  }

  /** What the tools over the picture cover is kept clear when everything is shown. */
  const margin = () => ({ side: view.width < 600 ? 16 : 32, top: (context.covered?.() ?? 0) + 24, bottom: ui.get().timeline ? 160 : 64, largest: ui.get().presenter ? LARGEST_PRESENTED : LARGEST_FIT });

  /** @param {import("./camera.js").Camera} goal @param {boolean} [atOnce] */
  function aimCamera(goal, atOnce = false) {
    if (atOnce || calm.matches) {
      camera = goal;
      cameraGoal = null;
    } else cameraGoal = goal;
  }

  function moveCamera() {
    if (!cameraGoal) return false;
    const goal = cameraGoal;
    const step = (/** @type {number} */ a, /** @type {number} */ b) => a + (b - a) * 0.2;
    const k = step(camera.k, goal.k);
    camera = { k, x: step(camera.x, goal.x), y: step(camera.y, goal.y) };
    const near = Math.abs(goal.k / k - 1) < 0.002 && Math.abs(goal.x - camera.x) * k < 0.5 && Math.abs(goal.y - camera.y) * k < 0.5;
    if (near) [camera, cameraGoal] = [goal, null];
    return !near;
  }

  /** @param {number} now */
  function frame(now) {
    scheduled = 0;
    if (!view.width) return;
    if (layoutDirty && (quiet || now >= layoutAfter)) relayout(now);
    const podsMove = pods.tick(now);
    const moved = [blocks.tick(now), podsMove, moveCamera()].some(Boolean);
    if (podsMove || podsMoved) stamp += 1; // also once when they have come to rest: what died is gone
    podsMoved = podsMove;
    const started = performance.now();
    const turning = !calm.matches && camera.k > 0.3;
    const focus = { hover, selected: ui.get().selected };
    const legs = travelled(now);
    paint(createScene({ ctx, store, layout, blocks, pods, camera, view, theme, palette, focus, ghosts, stamp, turn: turning ? now / 300 : 0, trace: ui.get().trace, travelled: legs }));
    context.frames?.(performance.now() - started, now);
    if (!moved) ghosts.clear();
    tellCamera();
    if (moved || layoutDirty || travelling(legs) || (turning && anyBusy())) wake();
  }

  let toldCamera = camera;
  function tellCamera() {
    if (toldCamera !== camera) context.onCamera?.();
    toldCamera = camera;
  }

  function anyBusy() {
    if (layout.pods.size > 600) return false;
    for (const pod of store.kind("Pod").values()) if (pod.node && pod.phase === "Pending" && layout.pods.has(pod.uid)) return true;
    return false;
  }

  /** @param {Difference} difference */
  function onChange(difference) {
    stamp += 1;
    if (difference.reset) {
      quiet = true;
      layoutDirty = true;
    }
    for (const gone of difference.removed) if (gone.k === "Pod") ghosts.set(gone.uid, gone);
    if (difference.put.length + difference.removed.length > BIG_CHANGE) quiet = true;
    if (places.moved(difference)) layoutDirty = true;
    wake();
  }

  function onResize() {
    view.width = element.clientWidth;
    view.height = element.clientHeight;
    view.ratio = Math.min(2, devicePixelRatio || 1);
    canvas.width = Math.round(view.width * view.ratio);
    canvas.height = Math.round(view.height * view.ratio);
    layoutDirty = true;
    quiet = true;
    // Resizing clears a canvas: paint in the same turn, or it flickers.
    cancelAnimationFrame(scheduled);
    frame(performance.now());
  }

  /** @param {number} px @param {number} py @returns {string | null} uid */
  function pick(px, py) {
    const point = toWorld(camera, px, py);
    const hit = hitTest(localised(), point.x, point.y);
    if (!hit) return null;
    if (hit.kind === "Node") return store.named("Node", undefined, hit.key)?.uid ?? null;
    if (hit.kind === "Component") return store.all("Component").find((part) => part.name === hit.key)?.uid ?? null;
    return hit.key;
  }

  /** The layout with the parts where they are in the world, not inside their room. */
  function localised() {
    const { control } = layout;
    if (!control) return layout;
    const parts = new Map([...control.parts].map(([name, box]) => [name, { ...box, x: box.x + control.x, y: box.y + control.y }]));
    return { ...layout, control: { ...control, parts } };
  }

  /** @param {string} uid */
  function boxOf(uid) {
    const node = store.kind("Node").get(uid);
    const room = node && layout.rooms.find((one) => one.name === node.name);
    const machine = node && layout.control?.node === node.name ? layout.control : undefined;
    return layout.pods.get(uid) ?? layout.workloads.get(uid) ?? layout.services.get(uid) ?? room ?? machine;
  }

  const view_ = {
    /** @param {number} dx @param {number} dy */
    pan(dx, dy) {
      context.onTouch?.();
      followFit = false;
      cameraGoal = null;
      camera = { ...camera, x: camera.x - dx / camera.k, y: camera.y - dy / camera.k };
      wake();
    },
    /** @param {number} factor @param {number} [px] @param {number} [py] */
    zoom(factor, px = view.width / 2, py = view.height / 2) {
      context.onTouch?.();
      followFit = false;
      cameraGoal = null;
      camera = zoomAt(camera, px, py, factor);
      wake();
    },
    fit() {
      context.onTouch?.();
      followFit = true;
      aimCamera(fit(layout, view, margin()));
      wake();
    },
    /** @param {number} px @param {number} py */
    hover(px, py) {
      const found = pick(px, py);
      if (found === hover) return;
      hover = found;
      canvas.style.cursor = found ? "pointer" : "grab";
      context.onHover?.(found, px, py);
      wake();
    },
    leave() {
      hover = null;
      context.onHover?.(null, 0, 0);
      wake();
    },
    /** @param {number} px @param {number} py */
    select(px, py) {
      context.onTouch?.();
      context.select(pick(px, py));
    },
  };
  context.diagram = {
    zoom: (factor) => view_.zoom(factor),
    fit: view_.fit,
    reveal(uid) {
      const box = boxOf(uid);
      if (!box || followFit) return;
      aimCamera(reveal(camera, box, view));
      wake();
    },
    frame: () => frameOf(camera, view, aspect(), followFit),
    showFrame(frame) {
      const wanted = frame.all ? 0 : frame.aspect; // who sees everything sees it as it fits the own screen best
      if (wanted !== givenAspect) layoutDirty = true;
      givenAspect = wanted;
      followFit = frame.all;
      aimCamera(frame.all ? fit(layout, view, margin()) : cameraFor(frame, view));
      wake();
    },
    /** Where things are on the screen, for tests. */
    where(uid) {
      const box = boxOf(uid);
      return box && { x: (box.x + box.w / 2 - camera.x) * camera.k, y: (box.y + Math.min(box.h / 2, 20) - camera.y) * camera.k };
    },
    drawn: () => ({ pods: layout.pods.size, rooms: layout.rooms.length, waiting: layout.waiting ? true : false }),
  };

  const observer = new ResizeObserver(onResize);
  observer.observe(element);
  const undo = [
    attachInput(canvas, view_),
    store.subscribe(onChange),
    ui.subscribe((now, old) => {
      if (["system", "services", "owners", "namespace", "presenter", "timeline"].some((key) => /** @type {any} */ (now)[key] !== /** @type {any} */ (old)[key])) layoutDirty = true;
      if (now.theme !== old.theme) requestAnimationFrame(() => ((theme = readTheme(canvas)), wake()));
      if (now.trace?.run !== old.trace?.run) traceBegan = 0;
      if (now.selected && now.selected !== old.selected) context.diagram?.reveal(now.selected);
      wake();
    }),
    onMedia("(prefers-color-scheme: dark)", () => ((theme = readTheme(canvas)), wake())),
    () => observer.disconnect(),
    () => cancelAnimationFrame(scheduled),
    () => canvas.remove(),
  ];
  return () => undo.forEach((step) => step());
}

/** @param {string} query @param {() => void} listener */
function onMedia(query, listener) {
  const media = matchMedia(query);
  media.addEventListener("change", listener);
  return () => media.removeEventListener("change", listener);
}
