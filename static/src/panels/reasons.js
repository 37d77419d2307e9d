/** The inspector's reasons: the story of an object, hints about common mistakes, the arithmetic of a rollout. */

import { html, nothing } from "lit";
import { refOf } from "../actions.js";
import { RESOURCES } from "../api.js";
import { timeOfDay } from "../format.js";
import { t } from "../i18n/index.js";
import { denials } from "../why/denials.js";
import { eventsAbout } from "../why/events.js";
import { lint } from "../why/lint.js";
import { rolloutMath } from "../why/rollout.js";
import { ADMITTED, story } from "../why/story.js";
import { denied } from "./denied.js";

/** @typedef {import("../context.js").Context} Context @typedef {import("../types.js").Thin} Thin */

const MOST_REFUSALS = 3;

/** An object and those it is made by, outermost last. @param {Context} context @param {Thin} thin */
async function withOwners(context, thin) {
  const objects = [await context.api.get(refOf(thin))];
  for (let n = 0; n < 4; n++) {
    const owner = (objects.at(-1)?.metadata?.ownerReferences ?? []).find((/** @type {any} */ one) => one.controller);
    if (!owner || !RESOURCES[owner.kind]) break;
    const found = await context.api.get({ kind: owner.kind, ns: thin.ns, name: owner.name }).catch(() => null); // gone by now
    if (!found) break;
    objects.push(found);
  }
  return objects;
}

/** @param {any} object */
const fullName = (object) => `${object.kind}/${object.metadata?.namespace ?? ""}/${object.metadata?.name}`;

/** At which revision each object was stored first, by uid. @param {Context} context @param {any[]} objects */
async function creations(context, objects) {
  const { origins } = await context.api.origins(objects.map(fullName));
  return new Map(objects.map((one) => [one.metadata?.uid, origins[fullName(one)]]));
}

/** @param {import("../why/story.js").Step} step */
function told({ rank, text }) {
  if (rank === ADMITTED) return t("story.admitted", { what: text });
  return rank === 1 ? t("story.stored", { where: text }) : text;
}

/** @param {Context} context @param {Thin} thin */
export async function storyOf(context, thin) {
  const objects = await withOwners(context, thin);
  const about = objects.map((one) => eventsAbout(context, { k: one.kind, ns: one.metadata.namespace, name: one.metadata.name, uid: one.metadata.uid }));
  const [created, ...events] = await Promise.all([creations(context, objects), ...about]);
  const steps = story(objects, events.flat(), created);
  if (!steps.length) return html`<p class="empty-hint">${t("story.empty")}</p>`;
  return html`<ol class="story" aria-label=${t("inspector.story")}>${steps.map(
    (step) => html`<li class="story-step ${step.tone ? `story-${step.tone}` : ""}">
      <span class="story-when">${step.time ? timeOfDay(Date.parse(step.time) * 1000) : ""}</span>
      <span class="story-actor">${step.actor}</span>
      <span class="story-about">${step.about}</span>
      <span class="story-text">${told(step)}</span>
    </li>`,
  )}</ol>`;
}

/** @param {Context} context @param {Thin} thin */
export async function hintsOf(context, thin) {
  if (!["Pod", "Service", "Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicaSet"].includes(thin.k)) return nothing;
  const object = await context.api.get(refOf(thin));
  const pods = thin.k === "Service" ? ((await context.api.kube(`api/v1/namespaces/${encodeURIComponent(thin.ns ?? "default")}/pods?limit=500`)).items ?? []) : [];
  return html`${refusals(context, thin, object)} ${mistakes(lint(object, pods))}`;
}

/** What was refused to it or to the replica sets it owns. @param {Context} context @param {Thin} thin @param {any} object */
function refusals(context, thin, object) {
  const owned = context.store.all("ReplicaSet").filter((set) => set.owner?.uid === thin.uid).map((set) => set.uid);
  const about = new Set([thin.uid, ...owned]);
  const failures = context.store.all("Event").filter((event) => event.type === "Warning" && about.has(event.about?.uid ?? "")).map((event) => event.message);
  const conditions = Array.isArray(object.status?.conditions) ? object.status.conditions.map((/** @type {any} */ one) => one.message) : [];
  const found = denials([...conditions, ...failures]).slice(-MOST_REFUSALS);
  if (!found.length) return nothing;
  return html`<section class="hints hints-bad" aria-label=${t("denial.title")}><h3>${t("denial.title")}</h3>${found.map((one) => denied(context, one))}</section>`;
}

/** @param {import("../why/lint.js").Finding[]} found */
function mistakes(found) {
  if (!found.length) return nothing;
  return html`<section class="hints" aria-label=${t("lint.title")}>
    <h3>${t("lint.title")}</h3>
    <ul class="plain">${found.map(({ key, values }) => html`<li>${t(key, values)}</li>`)}</ul>
  </section>`;
}

/** @param {Context} context @param {Thin} thin */
export async function rolloutOf(context, thin) {
  const math = rolloutMath(await context.api.get(refOf(thin)));
  const sets = context.store.all("ReplicaSet").filter((set) => set.owner?.uid === thin.uid).sort((a, b) => Number(b.revision ?? 0) - Number(a.revision ?? 0));
  const row = (/** @type {string} */ label, /** @type {unknown} */ value) => html`<div class="fact"><dt>${label}</dt><dd>${value}</dd></div>`;
  return html`<dl class="facts">
      ${row(t("rollout.strategy"), math.type)} ${row(t("rollout.desired"), math.desired)}
      ${math.type === "Recreate" ? nothing : html`${row("maxSurge", `${math.maxSurge} → ${math.surge}`)} ${row("maxUnavailable", `${math.maxUnavailable} → ${math.missing}`)}`}
      ${row(t("rollout.most"), html`${math.desired} + ${math.surge} = <strong>${math.most}</strong>`)}
      ${row(t("rollout.least"), html`${math.desired} − ${math.missing} = <strong>${math.least}</strong>`)}
      ${row(t("rollout.now"), t("rollout.state", { total: math.total, updated: math.updated, available: math.available }))}
    </dl>
    <table class="table rollout-sets">
      <thead><tr><th scope="col">${t("rollout.set")}</th><th scope="col" class="number">${t("rollout.desired")}</th><th scope="col" class="number">${t("fact.ready")}</th></tr></thead>
      <tbody>${sets.map((set) => html`<tr><th scope="row"><button class="link" type="button" @click=${() => context.select(set.uid)}>${t("workload.revision", { n: String(set.revision ?? "") })}</button></th><td class="number">${set.desired ?? 0}</td><td class="number">${Number(set.ready ?? 0)}</td></tr>`)}</tbody>
    </table>`;
}
