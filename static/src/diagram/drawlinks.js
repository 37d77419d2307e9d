/**
 * The layers over the rooms: workload cards with their replica sets, service cards, and the lines from both to their pods.
 *
 * @typedef {import("./scene.js").Scene} Scene
 * @typedef {import("./layout.js").Box} Box
 * @typedef {import("../types.js").Thin} Thin
 */

import { workloadHealth } from "../health.js";
import { rootOf } from "../palette.js";
import { t } from "../i18n/index.js";
import { curve, fitText, roundBox, setFont } from "./pen.js";

const MOST_LINES = 80; // more than this and lines are drawn only for what is pointed at

/** @param {Scene} scene @param {string} id */
const block = (scene, id) => scene.blocks.sprites.get(id);

/** @param {Scene} scene @param {Thin} thin */
const pointedAt = (scene, thin) => scene.focus.hover === thin.uid || scene.focus.selected === thin.uid;

/** @param {Scene} scene */
export function drawWorkloads(scene) {
  let above; // the replica set drawn last
  for (const uid of scene.layout.workloads.keys()) {
    const box = block(scene, `card/${uid}`);
    const thin = scene.workload(uid);
    if (!box || !thin || !scene.inView(box)) continue;
    scene.ctx.globalAlpha = box.alpha;
    if (thin.owner) drawReplicaSet(scene, thin, box, above && above.x === box.x && above.y < box.y ? above.y + above.h / 2 : box.y - 8);
    else drawWorkload(scene, thin, box);
    above = thin.owner ? box : undefined;
  }
  scene.ctx.globalAlpha = 1;
}

/** @param {Scene} scene @param {Thin} thin @param {Box} box */
function drawCardGround({ ctx, theme, focus }, thin, box) {
  roundBox(ctx, box, 10);
  ctx.fillStyle = theme.surface;
  ctx.fill();
  const marked = focus.hover === thin.uid || focus.selected === thin.uid;
  ctx.lineWidth = focus.selected === thin.uid ? 3 : marked ? 1.5 : 1;
  ctx.strokeStyle = marked ? theme.accent : theme.line;
  ctx.stroke();
}

/** @param {Scene} scene @param {Thin} thin @param {Box} box */
function drawWorkload(scene, thin, box) {
  const { ctx, theme } = scene;
  drawCardGround(scene, thin, box);
  ctx.fillStyle = scene.palette.colour(rootOf(thin));
  ctx.beginPath();
  ctx.roundRect(box.x, box.y, 6, box.h, [10, 0, 0, 10]);
  ctx.fill();
  const health = workloadHealth(thin);
  ctx.textBaseline = "alphabetic";
  ctx.textAlign = "right";
  setFont(ctx, `600 16px ${theme.font}`);
  ctx.fillStyle = health.tone === "ok" ? theme.text : theme.tone.warn;
  ctx.fillText(health.word, box.x + box.w - 14, box.y + 38);
  const count = ctx.measureText(health.word).width;
  ctx.textAlign = "left";
  ctx.fillStyle = theme.text;
  setFont(ctx, `600 14px ${theme.font}`);
  ctx.fillText(fitText(ctx, thin.name, box.w - 48 - count), box.x + 18, box.y + 27);
  setFont(ctx, `12px ${theme.font}`);
  ctx.fillStyle = theme.muted;
  ctx.fillText(fitText(ctx, thin.paused ? t("workload.paused") : thin.k, box.w - 48 - count), box.x + 18, box.y + 47);
}

/** @param {Scene} scene @param {Thin} thin @param {Box} box @param {number} from where its line begins: below the card, or where the one above it turned off */
function drawReplicaSet(scene, thin, box, from) {
  const { ctx, theme } = scene;
  ctx.strokeStyle = theme.strong;
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  ctx.moveTo(box.x - 12, from);
  ctx.lineTo(box.x - 12, box.y + box.h / 2);
  ctx.lineTo(box.x, box.y + box.h / 2);
  ctx.stroke();
  drawCardGround(scene, thin, box);
  ctx.textBaseline = "middle";
  setFont(ctx, `12px ${theme.font}`);
  ctx.fillStyle = theme.muted;
  const label = thin.revision ? t("workload.revision", { n: thin.revision }) : thin.name;
  ctx.fillText(fitText(ctx, label, box.w - 72), box.x + 12, box.y + box.h / 2 + 1);
  ctx.textAlign = "right";
  setFont(ctx, `600 12px ${theme.font}`);
  ctx.fillStyle = theme.text;
  ctx.fillText(workloadHealth(thin).word, box.x + box.w - 12, box.y + box.h / 2 + 1);
  ctx.textAlign = "left";
}

/** @param {Scene} scene */
export function drawServices(scene) {
  const { ctx, theme } = scene;
  for (const uid of scene.layout.services.keys()) {
    const box = block(scene, `service/${uid}`);
    const service = scene.store.kind("Service").get(uid);
    if (!box || !service || !scene.inView(box)) continue;
    ctx.globalAlpha = box.alpha;
    drawCardGround(scene, service, box);
    ctx.fillStyle = theme.accent;
    ctx.beginPath();
    ctx.arc(box.x, box.y + box.h / 2, 5, 0, Math.PI * 2);
    ctx.fill();
    ctx.textBaseline = "alphabetic";
    setFont(ctx, `600 14px ${theme.font}`);
    ctx.fillStyle = theme.text;
    ctx.fillText(fitText(ctx, service.name, box.w - 32), box.x + 18, box.y + 24);
    setFont(ctx, `12px ${theme.font}`);
    ctx.fillStyle = theme.muted;
    ctx.fillText(fitText(ctx, `${service.type ?? "ClusterIP"} · ${service.clusterIP ?? "None"}`, box.w - 32), box.x + 18, box.y + 43);
  }
  ctx.globalAlpha = 1;
}

/**
 * Where a line from a service meets a pod. Almost level with it: from below, for pods beside each other would hide a
 * straight line behind one another.
 * @param {Box} from @param {Box} to @returns {{point: [number, number], way: "across" | "under"}}
 */
function arrival(from, to) {
  const level = Math.abs(from.y + from.h / 2 - to.y - to.h / 2) < 72;
  return level ? { point: [to.x + to.w / 2, to.y + to.h], way: "under" } : { point: [to.x + to.w, to.y + to.h / 2], way: "across" };
}

/** @typedef {{service: Thin, uid: string, ready: boolean}} Link */

/** The lines to draw, those that are pointed at apart. @param {Scene} scene @returns {{plain: Link[], strong: Link[]}} */
function linksOf(scene) {
  const links = scene.endpoints();
  const strong = links.filter(({ service, uid }) => pointedAt(scene, service) || scene.focus.selected === uid);
  return { plain: links.length <= MOST_LINES ? links.filter((link) => !strong.includes(link)) : [], strong };
}

/** @param {Scene} scene @param {Link} link @param {boolean} strong */
function drawLink(scene, { service, uid, ready }, strong) {
  const from = block(scene, `service/${service.uid}`);
  const to = scene.pods.sprites.get(uid);
  if (!from || !to) return;
  const { point, way } = arrival(from, to);
  stroke(scene, { colour: ready ? scene.theme.accent : scene.theme.muted, strong, dashed: !ready }, () => curve(scene.ctx, [from.x, from.y + from.h / 2], point, way));
}

/** Behind the rooms, so that no line runs across what is written in a room it has nothing to do with. @param {Scene} scene */
export function drawServiceLinks(scene) {
  for (const link of linksOf(scene).plain) drawLink(scene, link, false);
}

/** @param {Scene} scene @param {Link[]} links */
function byNode(scene, links) {
  /** @type {Map<string, Link[]>} */
  const groups = new Map();
  for (const link of links) {
    const node = scene.store.kind("Pod").get(link.uid)?.node ?? "";
    groups.set(node, [...(groups.get(node) ?? []), link]);
  }
  return groups;
}

/** The same lines inside the room they lead into, and those that are pointed at over everything. @param {Scene} scene */
export function drawServiceArrivals(scene) {
  const { plain, strong } = linksOf(scene);
  const { ctx } = scene;
  for (const [node, links] of byNode(scene, plain)) {
    const room = block(scene, scene.layout.control?.node === node ? "control" : `room/${node}`);
    if (!room || !scene.inView(room)) continue;
    ctx.save();
    roundBox(ctx, room, 12);
    ctx.clip();
    for (const link of links) drawLink(scene, link, false);
    ctx.restore();
  }
  for (const link of strong) drawLink(scene, link, true);
}

/** Where the lines arrive, over the pods, so that one sees which are meant. @param {Scene} scene */
export function drawServiceEnds(scene) {
  const { ctx, theme, camera } = scene;
  const links = scene.endpoints();
  if (links.length > MOST_LINES || camera.k < 0.25) return;
  for (const { service, uid, ready } of links) {
    const from = block(scene, `service/${service.uid}`);
    const to = scene.pods.sprites.get(uid);
    if (!from || !to) continue;
    const [x, y] = arrival(from, to).point;
    ctx.globalAlpha = to.alpha;
    ctx.beginPath();
    ctx.arc(x, y, 3.5, 0, Math.PI * 2);
    ctx.fillStyle = ready ? theme.accent : theme.muted;
    ctx.fill();
  }
  ctx.globalAlpha = 1;
}

/** @param {Scene} scene */
export function drawOwnerLinks(scene) {
  const { focus } = scene;
  const chosen = [focus.hover, focus.selected].filter((uid) => uid && scene.layout.workloads.has(uid));
  if (!chosen.length) return;
  for (const pod of scene.store.kind("Pod").values()) {
    const owner = chosen.find((uid) => scene.owns(/** @type {string} */ (uid), pod));
    const from = owner && (block(scene, `card/${pod.owner?.uid}`) ?? block(scene, `card/${owner}`)); // its replica set, where that is drawn
    const to = scene.pods.sprites.get(pod.uid);
    if (!from || !to) continue;
    stroke(scene, { colour: scene.palette.colour(rootOf(pod)), strong: true, dashed: false }, () =>
      curve(scene.ctx, [from.x + from.w / 2, from.y + from.h], [to.x + to.w / 2, to.y], "down"),
    );
  }
}

/** @param {Scene} scene @param {{colour: string, strong: boolean, dashed: boolean}} look @param {() => void} path */
function stroke({ ctx, camera }, { colour, strong, dashed }, path) {
  ctx.globalAlpha = strong ? 0.95 : 0.4;
  ctx.strokeStyle = colour;
  ctx.lineWidth = Math.max(strong ? 2 : 1.25, (strong ? 1.5 : 0.75) / camera.k);
  if (dashed) ctx.setLineDash([5, 5]);
  ctx.beginPath();
  path();
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}
