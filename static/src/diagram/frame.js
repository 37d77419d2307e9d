/**
 * What part of the world a viewer sees, in a form that another viewer with a view of another size can take up. Pure.
 *
 * @typedef {{x: number, y: number, w: number, h: number, aspect: number, all: boolean}} Frame centre and size in world
 * units; `aspect` is what the world was laid out for; `all`: everything is shown
 */

import { clampZoom } from "./camera.js";

/** @param {import("./camera.js").Camera} camera @param {{width: number, height: number}} view @param {number} aspect @param {boolean} all @returns {Frame} */
export function frameOf(camera, view, aspect, all) {
  const w = view.width / camera.k;
  const h = view.height / camera.k;
  return { x: round(camera.x + w / 2), y: round(camera.y + h / 2), w: round(w), h: round(h), aspect: round(aspect * 100) / 100, all };
}

/** @param {number} value */
const round = (value) => Math.round(value * 10) / 10;

/** The camera that shows at least that. @param {Frame} frame @param {{width: number, height: number}} view @returns {import("./camera.js").Camera} */
export function cameraFor(frame, view) {
  const k = clampZoom(Math.min(view.width / Math.max(1, frame.w), view.height / Math.max(1, frame.h)));
  return { k, x: frame.x - view.width / 2 / k, y: frame.y - view.height / 2 / k };
}

/** Whether what came over the wire is a frame. @param {any} frame @returns {frame is Frame} */
export const isFrame = (frame) => !!frame && ["x", "y", "w", "h", "aspect"].every((key) => Number.isFinite(frame[key])) && frame.w > 0 && frame.h > 0 && frame.aspect > 0.1 && frame.aspect < 10;
