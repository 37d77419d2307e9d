/** A cluster as a very small picture: a room per node, a mark per pod. The same facts stand beside it as text. */

import { html, nothing } from "lit";
import { t } from "../i18n/index.js";

/** @typedef {{name: string, ready: boolean, pods: string}} Room @typedef {{revision: number, nodes: Room[], waiting: string}} Picture */

const MOST_PODS = 40;
const TROUBLE = /[cfu]/g;

/** @param {string} letters one per pod */
const marks = (letters) => html`${[...letters.slice(0, MOST_PODS)].map((letter) => html`<i class="wall-pod wall-pod-${letter}"></i>`)}${letters.length > MOST_PODS ? html`<b>+${letters.length - MOST_PODS}</b>` : nothing}`;

/** @param {Picture} picture */
export function summary(picture) {
  const all = picture.nodes.map((node) => node.pods).join("") + picture.waiting;
  const ready = (all.match(/r/g) ?? []).length;
  return t("wall.summary", { nodes: picture.nodes.length, ready, pods: all.length, trouble: (all.match(TROUBLE) ?? []).length });
}

/** @param {Picture | null} picture null while the cluster sleeps */
export function pictureView(picture) {
  if (!picture) return html`<p class="muted">${t("wall.asleep")}</p>`;
  return html`<div class="wall-rooms" aria-hidden="true">
      ${picture.nodes.map((node) => html`<span class="wall-room ${node.ready ? "" : "wall-room-gone"}">${marks(node.pods)}</span>`)}
      ${picture.waiting ? html`<span class="wall-room wall-room-waiting">${marks(picture.waiting)}</span>` : nothing}
    </div>
    <p class="wall-facts">${summary(picture)}</p>`;
}
