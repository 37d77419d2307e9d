/**
 * A traced request in the picture: the way it takes, numbered, and a dot that travels along it. While one step is in
 * hand only that stands out; with reduced motion nothing travels and the whole way is shown at once.
 *
 * @typedef {import("./scene.js").Scene} Scene
 * @typedef {{x: number, y: number}} Point
 */

import { t } from "../i18n/index.js";
import { roundBox, setFont } from "./pen.js";

export const LEG_MS = 650;
const OUTSIDE = { w: 96, h: 32, below: 24 };

/** @param {Scene} scene @returns {import("./layout.js").Box} where those who ask from outside stand */
function outside({ layout }) {
  const room = layout.rooms[0] ?? { x: 0, y: 0, w: 0, h: 0 };
  return { x: room.x, y: layout.height + OUTSIDE.below, w: OUTSIDE.w, h: OUTSIDE.h };
}

/** @param {Scene} scene @param {string} text "namespace/name" @param {string} kind */
function named(scene, kind, text) {
  const [ns, name] = text.split("/");
  return scene.store.named(kind, ns, name);
}

/** Marks sit on a corner, so that names stay readable. @param {import("./layout.js").Box | undefined} box */
const corner = (box) => box && { x: box.x + box.w - 8, y: box.y + 2 };

/** @param {Scene} scene @param {string} node @returns {Point | undefined} */
const roomPoint = ({ blocks, layout }, node) => corner(blocks.sprites.get(layout.control?.node === node ? "control" : `room/${node}`));

/** @param {Scene} scene @param {import("../why/hops.js").Stop} stop @returns {Point | undefined} undefined: it is not drawn */
export function pointOf(scene, { pod, node, service }) {
  if (pod) {
    const thin = named(scene, "Pod", pod);
    const sprite = thin && scene.pods.sprites.get(thin.uid);
    return sprite ? corner(sprite) : thin?.node ? roomPoint(scene, thin.node) : undefined;
  }
  if (service) {
    const thin = named(scene, "Service", service);
    return corner(thin && scene.blocks.sprites.get(`service/${thin.uid}`));
  }
  return node ? roomPoint(scene, node) : corner(outside(scene));
}

/** @param {Point} a @param {Point} b @param {number} share @returns {Point} */
const between = (a, b, share) => ({ x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share });

/** @param {Scene} scene @param {import("../why/hops.js").Shown} trace */
function placed(scene, trace) {
  return trace.way.flatMap((stop) => {
    const point = pointOf(scene, stop);
    return point ? [{ ...stop, point }] : [];
  });
}

/** @param {Scene} scene */
export function drawTrace(scene) {
  const { trace } = scene;
  if (!trace) return;
  const stops = placed(scene, trace);
  if (trace.way.some((stop) => !stop.pod && !stop.node && !stop.service)) drawOutside(scene);
  const reached = trace.at >= 0 ? Infinity : scene.travelled;
  stops.slice(1).forEach((stop, index) => drawLeg(scene, stops[index].point, stop.point, { share: Math.min(1, reached - index), strong: trace.at < 0 || stop.step === trace.at }));
  const seen = stops.filter((stop, index) => index <= reached && !stop.back && (trace.at < 0 || stop.step === trace.at));
  for (const mark of marks(seen)) drawNumber(scene, mark, trace);
  if (reached < stops.length - 1) drawDot(scene, between(stops[Math.floor(reached)].point, stops[Math.floor(reached) + 1].point, reached % 1));
}

/** One mark for each place, with the numbers of all steps that happen there. @param {Array<{step: number, point: Point}>} stops */
function marks(stops) {
  /** @type {Map<string, {point: Point, steps: number[]}>} */
  const found = new Map();
  for (const { step, point } of stops) {
    const key = `${Math.round(point.x)}/${Math.round(point.y)}`;
    const mark = found.get(key) ?? { point, steps: [] };
    if (!mark.steps.includes(step)) mark.steps.push(step);
    found.set(key, mark);
  }
  return [...found.values()];
}

/** "2–5, 7" @param {number[]} numbers ascending */
export function ranges(numbers) {
  /** @type {number[][]} */
  const runs = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run && run[1] === number - 1) run[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`)).join(", ");
}

/** @param {Scene} scene @param {Point} from @param {Point} to @param {{share: number, strong: boolean}} how */
function drawLeg({ ctx, theme, camera }, from, to, { share, strong }) {
  if (share <= 0) return;
  const end = between(from, to, share);
  ctx.globalAlpha = strong ? 1 : 0.25;
  ctx.strokeStyle = theme.trace;
  ctx.lineWidth = Math.max(3, 2 / camera.k);
  ctx.lineCap = "round";
  ctx.beginPath();
  ctx.moveTo(from.x, from.y);
  ctx.lineTo(end.x, end.y);
  ctx.stroke();
  ctx.globalAlpha = 1;
}

/** @param {Scene} scene @param {{point: Point, steps: number[]}} mark @param {import("../why/hops.js").Shown} trace */
function drawNumber({ ctx, theme, camera }, { point, steps }, trace) {
  const size = Math.max(12, 9 / camera.k);
  const text = ranges(steps.map((step) => step + 1));
  setFont(ctx, `700 ${size}px ${theme.font}`);
  const w = Math.max(size * 1.8, ctx.measureText(text).width + size);
  roundBox(ctx, { x: point.x - w / 2, y: point.y - size * 0.9, w, h: size * 1.8 }, size * 0.9);
  ctx.fillStyle = steps.some((step) => trace.steps[step]?.bad) ? theme.tone.bad : theme.trace;
  ctx.fill();
  ctx.fillStyle = theme.surface;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(text, point.x, point.y + size * 0.06);
  ctx.textAlign = "left";
}

/** @param {Scene} scene @param {Point} point */
function drawDot({ ctx, theme, camera }, point) {
  ctx.beginPath();
  ctx.arc(point.x, point.y, Math.max(8, 6 / camera.k), 0, Math.PI * 2);
  ctx.fillStyle = theme.trace;
  ctx.fill();
  ctx.lineWidth = Math.max(3, 2 / camera.k);
  ctx.strokeStyle = theme.surface;
  ctx.stroke();
}

/** @param {Scene} scene */
function drawOutside(scene) {
  const { ctx, theme } = scene;
  const box = outside(scene);
  roundBox(ctx, box, box.h / 2);
  ctx.fillStyle = theme.sunken;
  ctx.fill();
  ctx.strokeStyle = theme.strong;
  ctx.lineWidth = 1.5;
  ctx.stroke();
  setFont(ctx, `600 12px ${theme.font}`);
  ctx.fillStyle = theme.muted;
  ctx.textBaseline = "alphabetic";
  ctx.textAlign = "center";
  ctx.fillText(t("network.outside"), box.x + box.w / 2, box.y + box.h + 16);
  ctx.textAlign = "left";
}
