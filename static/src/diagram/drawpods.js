/**
 * Pods in three levels of detail: cards with name and state when near, coloured tiles when further, plain blocks in one
 * stroke per colour when there are thousands.
 *
 * @typedef {import("./scene.js").Scene} Scene
 * @typedef {import("./motion.js").Sprite} Sprite
 * @typedef {import("../types.js").Thin} Thin
 */

import { podHealth } from "../health.js";
import { rootOf } from "../palette.js";
import { POD } from "./layout.js";
import { fitText, glyph, roundBox, setFont } from "./pen.js";

const CARD_FROM_PX = 22; // height on the screen from which text is readable
const TILE_FROM_PX = 9;

/** @param {Thin} pod @returns {[string, string]} what to call it, and what tells it from its siblings */
export function podLabel(pod) {
  const root = pod.root?.split("/")[1];
  if (root && pod.name.startsWith(`${root}-`) && pod.name.length > root.length + 1) {
    const rest = pod.name.slice(root.length + 1);
    return [root, pod.owner?.kind === "ReplicaSet" ? rest.slice(rest.lastIndexOf("-") + 1) : rest];
  }
  return [pod.name, ""];
}

/** @param {Scene} scene @param {string} uid @returns {Thin | undefined} also for one that is just dying */
const podOf = (scene, uid) => scene.store.kind("Pod").get(uid) ?? scene.ghosts.get(uid);

/** @param {Sprite} sprite */
function posed(sprite) {
  const { x, y, w, h, scale } = sprite;
  return { x: x + (w * (1 - scale)) / 2, y: y + (h * (1 - scale)) / 2, w: w * scale, h: h * scale };
}

/** @param {Scene} scene */
export function drawPods(scene) {
  const height = POD.h * scene.camera.k;
  if (height >= CARD_FROM_PX) each(scene, drawCard);
  else if (height >= TILE_FROM_PX) each(scene, drawTile);
  else drawBlocks(scene);
}

/** @param {Scene} scene @param {(scene: Scene, pod: Thin, sprite: Sprite) => void} draw */
function each(scene, draw) {
  for (const [uid, sprite] of scene.pods.sprites) {
    if (!scene.inView(sprite)) continue;
    const pod = podOf(scene, uid);
    if (!pod) continue;
    scene.ctx.globalAlpha = sprite.alpha * scene.dim(uid);
    draw(scene, pod, sprite);
  }
  scene.ctx.globalAlpha = 1;
}

/** @param {Scene} scene @param {Thin} pod @param {Sprite} sprite */
function drawCard(scene, pod, sprite) {
  const { ctx, theme } = scene;
  const box = posed(sprite);
  const health = podHealth(pod);
  const colour = scene.palette.colour(rootOf(pod));
  const tint = theme.tint(colour);
  roundBox(ctx, box, 8);
  ctx.fillStyle = health.tone === "off" || health.tone === "done" ? theme.sunken : tint.soft;
  ctx.fill();
  ctx.lineWidth = 1;
  ctx.strokeStyle = health.tone === "bad" ? theme.tone.bad : tint.edge;
  if (health.tone === "off" || !pod.node) ctx.setLineDash([4, 3]);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.roundRect(box.x, box.y, 5, box.h, [8, 0, 0, 8]);
  ctx.fill();
  if (sprite.scale > 0.85) drawCardText(scene, pod, box);
  glyph(ctx, health.tone, { x: box.x + box.w - 15, y: box.y + (wellOff(health.tone) ? box.h / 2 : 13), r: 7, colour: theme.tone[health.tone], turn: scene.turn });
}

/** There is nothing to explain, so the sign may stand beside both lines. @param {import("../health.js").Tone} tone */
const wellOff = (tone) => tone === "ok" || tone === "done";

/** The second line is the reason when there is one: it gets the card's whole width. @param {Scene} scene @param {Thin} pod @param {{x: number, y: number, w: number, h: number}} box */
function drawCardText(scene, pod, box) {
  const { ctx, theme } = scene;
  const { tone, word } = podHealth(pod);
  const [name, suffix] = podLabel(pod);
  const detail = wellOff(tone) ? suffix : word;
  const line = box.y + (detail ? 17 : 24);
  const width = box.w - 44 - drawRestarts(scene, pod, box.x + box.w - 27, line);
  ctx.textBaseline = "alphabetic";
  ctx.fillStyle = theme.text;
  setFont(ctx, `600 12px ${theme.font}`);
  ctx.fillText(fitText(ctx, name, width), box.x + 13, line);
  if (!detail) return;
  setFont(ctx, `11px ${theme.font}`);
  ctx.fillStyle = tone === "bad" ? theme.tone.bad : theme.muted;
  ctx.fillText(fitText(ctx, detail, wellOff(tone) ? box.w - 44 : box.w - 19), box.x + 13, box.y + 32);
}

/** How often it was started again, right up to the sign. @param {Scene} scene @param {Thin} pod @param {number} right @param {number} line @returns {number} the width it takes */
function drawRestarts({ ctx, theme }, pod, right, line) {
  if (!pod.restarts) return 0;
  const text = `↻${pod.restarts}`;
  ctx.textBaseline = "alphabetic";
  ctx.textAlign = "right";
  setFont(ctx, `11px ${theme.font}`);
  ctx.fillStyle = theme.muted;
  ctx.fillText(text, right, line);
  ctx.textAlign = "left";
  return ctx.measureText(text).width + 6;
}

/** @param {Scene} scene @param {Thin} pod @param {Sprite} sprite */
function drawTile(scene, pod, sprite) {
  const { ctx, theme } = scene;
  const box = posed(sprite);
  const { tone } = podHealth(pod);
  const colour = scene.palette.colour(rootOf(pod));
  roundBox(ctx, box, 8);
  ctx.fillStyle = tone === "ok" ? colour : theme.tint(colour).soft;
  ctx.fill();
  if (tone === "ok") return;
  ctx.lineWidth = 3;
  ctx.strokeStyle = tone === "bad" ? theme.tone.bad : colour;
  ctx.stroke();
  glyph(ctx, tone, { x: box.x + box.w / 2, y: box.y + box.h / 2, r: 13, colour: theme.tone[tone], turn: scene.turn });
}

/** Grouped by colour, as plain rectangles: without a GPU a path of thousands costs three times as much. @param {Scene} scene */
function drawBlocks(scene) {
  const { ctx } = scene;
  for (const [colour, sprites] of blockGroups(scene)) {
    ctx.fillStyle = colour;
    for (const sprite of sprites) if (scene.inView(sprite)) ctx.fillRect(sprite.x, sprite.y, sprite.w * sprite.scale, sprite.h * sprite.scale);
  }
}

/** The groups found last and for what: while one only looks around they stay the same. @type {WeakMap<Scene["pods"], {stamp: number, theme: Scene["theme"], groups: Map<string, Sprite[]>}>} */
const grouped = new WeakMap();

/** @param {Scene} scene */
function blockGroups(scene) {
  const { pods, stamp, theme } = scene;
  const last = grouped.get(pods);
  if (last?.stamp === stamp && last.theme === theme) return last.groups;
  const groups = findGroups(scene);
  grouped.set(pods, { stamp, theme, groups });
  return groups;
}

/** @param {Scene} scene */
function findGroups(scene) {
  const things = scene.store.kind("Pod");
  const known = coloursOf(scene.theme);
  /** @type {Map<string, Sprite[]>} */
  const groups = new Map();
  for (const [uid, sprite] of scene.pods.sprites) {
    const pod = things.get(uid) ?? scene.ghosts.get(uid);
    if (!pod) continue;
    let colour = known.get(pod);
    if (!colour) known.set(pod, (colour = findBlockColour(scene, pod)));
    const group = groups.get(colour);
    if (group) group.push(sprite);
    else groups.set(colour, [sprite]);
  }
  return groups;
}

/** @type {WeakMap<import("./theme.js").Theme, WeakMap<Thin, string>>} */
const colours = new WeakMap();

/** @param {import("./theme.js").Theme} theme */
function coloursOf(theme) {
  let known = colours.get(theme);
  if (!known) colours.set(theme, (known = new WeakMap()));
  return known;
}

/** @param {Scene} scene @param {Thin} pod */
function findBlockColour(scene, pod) {
  const { tone } = podHealth(pod);
  if (tone === "bad") return scene.theme.tone.bad;
  const colour = scene.palette.colour(rootOf(pod));
  return tone === "ok" ? colour : scene.theme.tint(colour).edge;
}
