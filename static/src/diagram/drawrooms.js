/**
 * Zones, nodes as rooms with their load, the control plane's machine room with its parts, and the waiting room.
 *
 * @typedef {import("./scene.js").Scene} Scene
 * @typedef {import("./layout.js").Box} Box
 * @typedef {import("../types.js").Thin} Thin
 */

import { cpuOf, memoryOf } from "../format.js";
import { healthOf, nodeHealth } from "../health.js";
import { t } from "../i18n/index.js";
import { isControlPlane } from "./plan.js";
import { fitText, glyph, hatch, roundBox, setFont } from "./pen.js";

const READABLE_PX = 8;
const SMALLEST_TITLE_ROOM_PX = 44;
const SMALLEST_LOAD_ROOM_PX = 120;
const LARGEST_TITLE = 44;

/** @param {Scene} scene @param {string} id */
const sprite = (scene, id) => scene.blocks.sprites.get(id);

/** @param {Scene} scene */
export function drawZones(scene) {
  const { ctx, theme, camera } = scene;
  for (const zone of scene.layout.zones) {
    const box = sprite(scene, `zone/${zone.name}`);
    if (!box) continue;
    roundBox(ctx, box, 20);
    ctx.fillStyle = theme.sunken;
    ctx.fill();
    const size = Math.max(14, Math.min(11 / camera.k, 32));
    setFont(ctx, `600 ${size}px ${theme.font}`);
    ctx.fillStyle = theme.muted;
    ctx.textBaseline = "middle";
    ctx.fillText(fitText(ctx, zone.name || t("diagram.noZone"), box.w - 32), box.x + 16, box.y + 20);
  }
}

/** @param {Scene} scene */
export function drawRooms(scene) {
  /** @type {Array<{box: Box, broken: boolean}>} */
  const plain = [];
  for (const room of scene.layout.rooms) {
    const box = sprite(scene, room.key);
    if (!box || !scene.inView(box)) continue;
    const node = scene.node(room.name);
    if (!node) continue;
    if (box.w * scene.camera.k < SMALLEST_TITLE_ROOM_PX) {
      plain.push({ box, broken: nodeHealth(node).tone === "bad" });
      continue;
    }
    scene.ctx.globalAlpha = box.alpha * scene.dimRoom(node.uid);
    drawRoom(scene, node, box);
  }
  scene.ctx.globalAlpha = 1;
  drawPlainRooms(scene, plain);
}

/** A plain box is all one sees from afar: edges first, all of a colour together, then what they enclose. @param {Scene} scene @param {Array<{box: Box, broken: boolean}>} rooms */
function drawPlainRooms({ ctx, theme, camera }, rooms) {
  const edge = 1 / camera.k;
  for (const [colour, bad] of /** @type {Array<[string, boolean]>} */ ([[theme.line, false], [theme.tone.bad, true]])) {
    ctx.fillStyle = colour;
    for (const { box, broken } of rooms) if (broken === bad) ctx.fillRect(box.x, box.y, box.w, box.h);
  }
  ctx.fillStyle = theme.surface;
  for (const { box } of rooms) ctx.fillRect(box.x + edge, box.y + edge, box.w - 2 * edge, box.h - 2 * edge);
}

/** @param {Scene} scene @param {Thin} node @param {Box} box */
function drawRoom(scene, node, box) {
  const { ctx, theme, camera } = scene;
  const health = nodeHealth(node);
  const broken = health.tone === "bad";
  roundBox(ctx, box, 12);
  ctx.fillStyle = theme.surface;
  ctx.fill();
  if (broken) hatch(ctx, box, theme.line);
  ctx.lineWidth = broken ? 2 : Math.max(1, 0.6 / camera.k);
  ctx.strokeStyle = broken ? theme.tone.bad : theme.line;
  roundBox(ctx, box, 12);
  ctx.stroke();
  drawRoomHead(scene, node, box);
  if (box.w * camera.k >= SMALLEST_LOAD_ROOM_PX) drawLoads(scene, node, box);
}

/** What to say beside the name, most important first. @param {Thin} node */
function badge(node) {
  if (node.machine === "killed") return t("node.killed");
  if (node.machine === "off") return t("node.off");
  const health = nodeHealth(node);
  if (health.tone === "bad") return health.word;
  if (node.unschedulable) return t("node.cordoned");
  return isControlPlane(node) ? t("node.controlPlane") : "";
}

/** @param {Scene} scene @param {Thin} node @param {Box} box */
function drawRoomHead({ ctx, theme, camera, turn }, node, box) {
  const size = Math.min(Math.max(15, 10 / camera.k), box.h / 3, LARGEST_TITLE); // the pods below stay free
  const far = size > 16;
  const health = nodeHealth(node);
  const dot = size * 0.42;
  const y = far ? box.y + size * 1.1 : box.y + 26;
  glyph(ctx, health.tone, { x: box.x + 16 + dot, y, r: dot, colour: theme.tone[health.tone], turn });
  ctx.textBaseline = "middle";
  const text = far ? "" : badge(node);
  setFont(ctx, `500 12px ${theme.font}`);
  const badgeWidth = text ? ctx.measureText(text).width + 16 : 0;
  if (text) drawBadge({ ctx, theme }, text, { x: box.x + box.w - 16 - badgeWidth, y: y - 11, w: badgeWidth, h: 22 }, health.tone);
  setFont(ctx, `600 ${size}px ${theme.font}`);
  ctx.fillStyle = theme.text;
  const left = box.x + 16 + dot * 2 + size * 0.5;
  ctx.fillText(fitText(ctx, node.name, box.x + box.w - 16 - badgeWidth - left), left, y + 1);
}

/** @param {Pick<Scene, "ctx" | "theme">} scene @param {string} text @param {Box} box @param {import("../health.js").Tone} tone */
function drawBadge({ ctx, theme }, text, box, tone) {
  roundBox(ctx, box, 11);
  ctx.fillStyle = theme.sunken;
  ctx.fill();
  ctx.fillStyle = tone === "bad" ? theme.tone.bad : tone === "warn" ? theme.tone.warn : theme.muted;
  ctx.fillText(text, box.x + 8, box.y + box.h / 2 + 1);
}

/** @param {Scene} scene @param {Thin} node @param {Box} box */
function drawLoads(scene, node, box) {
  const width = (box.w - 32 - 16) / 2;
  const used = node.requested ?? {};
  const all = node.allocatable ?? node.capacity ?? {};
  const top = box.y + 52;
  drawLoad(scene, { x: box.x + 16, y: top, w: width }, { name: t("node.cpu"), used: used.cpu ?? 0, all: all.cpu ?? 0, show: cpuOf });
  drawLoad(scene, { x: box.x + 32 + width, y: top, w: width }, { name: t("node.memory"), used: used.memory ?? 0, all: all.memory ?? 0, show: memoryOf });
}

/**
 * @param {Scene} scene @param {{x: number, y: number, w: number}} at
 * @param {{name: string, used: number, all: number, show: (used: number, all: number) => string}} load
 */
function drawLoad({ ctx, theme, camera }, at, { name, used, all, show }) {
  const share = all > 0 ? Math.min(1, used / all) : 0;
  setFont(ctx, `11px ${theme.font}`);
  ctx.textBaseline = "alphabetic";
  ctx.fillStyle = theme.muted;
  if (11 * camera.k >= READABLE_PX - 1) ctx.fillText(fitText(ctx, `${name} ${show(used, all)}`, at.w), at.x, at.y);
  roundBox(ctx, { x: at.x, y: at.y + 6, w: at.w, h: 4 }, 2);
  ctx.fillStyle = theme.line;
  ctx.fill();
  if (share <= 0) return;
  roundBox(ctx, { x: at.x, y: at.y + 6, w: Math.max(4, at.w * share), h: 4 }, 2);
  ctx.fillStyle = share > 0.9 ? theme.tone.bad : share > 0.75 ? theme.tone.warn : theme.accent;
  ctx.fill();
}

/** @param {Scene} scene */
export function drawControl(scene) {
  const { layout, store } = scene;
  const box = sprite(scene, "control");
  if (!layout.control || !box) return;
  drawPanel(scene, box, store.named("Node", undefined, layout.control.node));
  const parts = new Map(store.all("Component").map((part) => [part.name, part]));
  for (const [name, at] of layout.control.parts) {
    const part = parts.get(name);
    if (part) drawPart(scene, part, { ...at, x: box.x + at.x, y: box.y + at.y });
  }
}

/** @param {Scene} scene @param {Thin} part @param {Box} box */
function drawPart({ ctx, theme, turn, focus }, part, box) {
  const health = healthOf(part);
  roundBox(ctx, box, 8);
  ctx.fillStyle = theme.sunken;
  ctx.fill();
  const marked = focus.hover === part.uid || focus.selected === part.uid;
  ctx.lineWidth = focus.selected === part.uid ? 3 : 1.5;
  ctx.strokeStyle = marked ? theme.accent : health.tone === "bad" ? theme.tone.bad : "transparent";
  ctx.stroke();
  glyph(ctx, health.tone, { x: box.x + box.w - 20, y: box.y + box.h / 2, r: 7, colour: theme.tone[health.tone], turn });
  ctx.textBaseline = "alphabetic";
  ctx.fillStyle = theme.text;
  setFont(ctx, `600 13px ${theme.font}`);
  ctx.fillText(fitText(ctx, part.name, box.w - 52), box.x + 14, box.y + 21);
  setFont(ctx, `11px ${theme.font}`);
  ctx.fillStyle = health.tone === "bad" ? theme.tone.bad : theme.muted;
  const role = health.tone === "bad" ? part.message || t("part.stopped") : t(`part.${part.name}`, {}, "");
  ctx.fillText(fitText(ctx, role, box.w - 52), box.x + 14, box.y + 37);
}

/** The machine room's walls and its name. @param {Scene} scene @param {Box} box @param {Thin | undefined} node */
function drawPanel({ ctx, theme, camera }, box, node) {
  const broken = node && nodeHealth(node).tone === "bad";
  roundBox(ctx, box, 12);
  ctx.fillStyle = theme.surface;
  ctx.fill();
  if (broken) hatch(ctx, box, theme.line);
  roundBox(ctx, box, 12);
  ctx.lineWidth = broken ? 2 : Math.max(1, 0.6 / camera.k);
  ctx.strokeStyle = broken ? theme.tone.bad : theme.line;
  ctx.stroke();
  ctx.textBaseline = "alphabetic";
  setFont(ctx, `600 15px ${theme.font}`);
  ctx.fillStyle = theme.text;
  ctx.fillText(fitText(ctx, t("diagram.controlPlane"), box.w - 32), box.x + 16, box.y + (node ? 28 : 36));
  if (!node) return;
  setFont(ctx, `12px ${theme.font}`);
  ctx.fillStyle = broken ? theme.tone.bad : theme.muted;
  ctx.fillText(fitText(ctx, broken ? `${node.name} · ${badge(node)}` : node.name, box.w - 32), box.x + 16, box.y + 47);
}

/** @param {Scene} scene */
export function drawWaiting(scene) {
  const { ctx, theme, layout } = scene;
  const box = sprite(scene, "waiting");
  if (!layout.waiting || !box) return;
  ctx.globalAlpha = box.alpha;
  roundBox(ctx, box, 12);
  ctx.fillStyle = theme.ground;
  ctx.fill();
  ctx.setLineDash([6, 5]);
  ctx.lineWidth = 1.5;
  ctx.strokeStyle = theme.tone.warn;
  ctx.stroke();
  ctx.setLineDash([]);
  setFont(ctx, `600 14px ${theme.font}`);
  ctx.fillStyle = theme.text;
  ctx.textBaseline = "middle";
  ctx.fillText(fitText(ctx, t("diagram.waiting"), box.w - 32), box.x + 16, box.y + 27);
  if (layout.waiting.hidden) {
    setFont(ctx, `12px ${theme.font}`);
    ctx.fillStyle = theme.muted;
    ctx.fillText(t("diagram.more", { n: layout.waiting.hidden }), box.x + 16, box.y + box.h - 18);
  }
  ctx.globalAlpha = 1;
}
