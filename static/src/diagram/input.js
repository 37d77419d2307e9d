/**
 * Mouse, touch, wheel and keys on the picture, turned into what it can do: pan, zoom, fit, hover, select.
 *
 * @typedef {object} Controls
 * @property {(dx: number, dy: number) => void} pan
 * @property {(factor: number, px?: number, py?: number) => void} zoom
 * @property {() => void} fit
 * @property {(px: number, py: number) => void} hover
 * @property {() => void} leave
 * @property {(px: number, py: number) => void} select
 */

const DRAG_FROM_PX = 4;
const KEY_PAN_PX = 64;

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** @param {HTMLCanvasElement} canvas @param {Controls} controls @returns {() => void} undo */
export function attachInput(canvas, controls) {
  /** @type {Map<number, {x: number, y: number}>} */
  const fingers = new Map();
  let travelled = 0;
  /** Of two fingers: how far apart, and where between them. */
  let pair = { distance: 0, x: 0, y: 0 };

  const at = (/** @type {MouseEvent} */ event) => ({ x: event.offsetX, y: event.offsetY });
  const apart = () => {
    const [a, b] = [...fingers.values()];
    return { distance: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  };

  /** @param {PointerEvent} event */
  function down(event) {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at(event));
    if (fingers.size === 1) travelled = 0;
    if (fingers.size === 2) pair = apart();
  }

  /** @param {PointerEvent} event */
  function move(event) {
    const before = fingers.get(event.pointerId);
    const now = at(event);
    if (!before) return controls.hover(now.x, now.y);
    fingers.set(event.pointerId, now);
    travelled += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
    if (fingers.size === 2) return pinch();
    if (travelled > DRAG_FROM_PX) controls.pan(now.x - before.x, now.y - before.y);
  }

  function pinch() {
    const now = apart();
    controls.pan(now.x - pair.x, now.y - pair.y);
    if (pair.distance > 0) controls.zoom(now.distance / pair.distance, now.x, now.y);
    pair = now;
  }

  /** @param {PointerEvent} event */
  function up(event) {
    const known = fingers.delete(event.pointerId);
    if (known && fingers.size === 0 && travelled <= DRAG_FROM_PX) controls.select(event.offsetX, event.offsetY);
  }

  /** @param {WheelEvent} event */
  function wheel(event) {
    event.preventDefault();
    if (event.shiftKey) return controls.pan(-event.deltaY, 0);
    controls.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), event.offsetX, event.offsetY);
  }

  /** @param {KeyboardEvent} event */
  function key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (arrow) controls.pan(arrow[0] * KEY_PAN_PX, arrow[1] * KEY_PAN_PX);
    else if (event.key === "+" || event.key === "=") controls.zoom(1.25);
    else if (event.key === "-") controls.zoom(0.8);
    else if (event.key === "0") controls.fit();
    else return;
    event.preventDefault();
  }

  const stop = new AbortController();
  const options = { signal: stop.signal };
  canvas.addEventListener("pointerdown", down, options);
  canvas.addEventListener("pointermove", move, options);
  canvas.addEventListener("pointerup", up, options);
  canvas.addEventListener("pointercancel", (event) => fingers.delete(event.pointerId), options);
  canvas.addEventListener("pointerleave", controls.leave, options);
  canvas.addEventListener("wheel", wheel, { ...options, passive: false });
  canvas.addEventListener("keydown", key, options);
  return () => stop.abort();
}
