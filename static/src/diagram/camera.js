/**
 * Where the viewer stands: world point (x, y) at the view's top left, k screen pixels per world unit. Pure arithmetic.
 *
 * @typedef {{x: number, y: number, k: number}} Camera
 */

export const CLOSEST = 2.5;
const FURTHEST = 0.02;
export const LARGEST_FIT = 1.15;
/** In a lecture hall. */
export const LARGEST_PRESENTED = 2;
const READABLE = 0.55;

/** @param {number} k */
export const clampZoom = (k) => Math.min(CLOSEST, Math.max(FURTHEST, k));

/**
 * See all of it, never much larger than life.
 * @param {{width: number, height: number}} world @param {{width: number, height: number}} view
 * @param {{side: number, top: number, bottom: number, largest?: number}} free pixels to keep clear, and how large things may get @returns {Camera}
 */
export function fit(world, view, { side, top, bottom, largest = LARGEST_FIT }) {
  const width = view.width - side * 2;
  const height = view.height - top - bottom;
  const across = width / Math.max(1, world.width);
  const whole = Math.min(across, height / Math.max(1, world.height));
  // A tall narrow view would shrink everything to nothing: show the width, begin at the top, let the rest be panned to.
  const k = clampZoom(Math.min(whole < READABLE && across >= READABLE && view.width < view.height ? across : whole, largest));
  const slack = Math.max(0, (height - world.height * k) / 2);
  return { k, x: world.width / 2 - view.width / 2 / k, y: -(top + slack) / k };
}

/** Zoom so that the world point under (px, py) stays there. @param {Camera} camera @param {number} px @param {number} py @param {number} factor @returns {Camera} */
export function zoomAt(camera, px, py, factor) {
  const k = clampZoom(camera.k * factor);
  return { k, x: camera.x + px / camera.k - px / k, y: camera.y + py / camera.k - py / k };
}

/** @param {Camera} camera @param {number} dx screen pixels @param {number} dy @returns {Camera} */
export const pan = (camera, dx, dy) => ({ ...camera, x: camera.x - dx / camera.k, y: camera.y - dy / camera.k });

/** @param {Camera} camera @param {number} px @param {number} py */
export const toWorld = (camera, px, py) => ({ x: camera.x + px / camera.k, y: camera.y + py / camera.k });

/** Bring a box into view with as little movement as possible. @param {Camera} camera @param {import("./layout.js").Box} box @param {{width: number, height: number}} view @returns {Camera} */
export function reveal(camera, box, view) {
  const margin = 48 / camera.k;
  const w = view.width / camera.k;
  const h = view.height / camera.k;
  const inside = (/** @type {number} */ at, /** @type {number} */ size, /** @type {number} */ from, /** @type {number} */ length) =>
    at - margin < from ? at - margin : at + size + margin > from + length ? at + size + margin - length : from;
  return { ...camera, x: inside(box.x, box.w, camera.x, w), y: inside(box.y, box.h, camera.y, h) };
}
