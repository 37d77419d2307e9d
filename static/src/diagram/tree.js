/**
 * The outline: the same cluster as the picture, as an ARIA tree with roving focus. For those who do not see the picture,
 * and for finding things by name. Pods of a node are only rendered while it is open.
 *
 * @typedef {import("../context.js").Context} Context
 * @typedef {import("../types.js").Thin} Thin
 * @typedef {{id: string, label: string, thin?: Thin, children: () => Item[], count: number}} Item
 */

import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { healthOf } from "../health.js";
import { t } from "../i18n/index.js";
import { icon } from "../ui/icons.js";
import { both, mount } from "../ui/mount.js";
import { makePlan } from "./plan.js";

const MOST_CHILDREN = 300;

/** @param {Thin} thin @param {() => Item[]} [children] @param {number} [count] @returns {Item} */
const item = (thin, children = () => [], count = 0) => ({ id: thin.uid, label: thin.name, thin, children, count });

/** @param {Context} context @returns {Item[]} */
function sections(context) {
  const { store, ui } = context;
  const { system, namespace } = ui.get();
  const plan = makePlan(store, { system, services: true, owners: true, namespace }, 1);
  const pods = store.kind("Pod");
  /** @param {string[]} uids */
  const podItems = (uids) => uids.flatMap((uid) => pods.get(uid) ?? []).map((pod) => item(pod));
  const nodes = new Map(store.all("Node").map((node) => [node.name, node]));
  const parts = new Map(store.all("Component").map((part) => [part.name, part]));
  const workload = (/** @type {string} */ uid) => ["Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicaSet"].map((kind) => store.kind(kind).get(uid)).find(Boolean);
  return [
    section("control", t("outline.controlPlane"), plan.parts.flatMap((name) => parts.get(name) ?? []).map((part) => item(part))),
    section("waiting", t("outline.waiting"), podItems(plan.waiting)),
    section(
      "nodes",
      t("outline.nodes"),
      [...(plan.master ? [{ name: plan.master.node, pods: plan.master.pods }] : []), ...plan.nodes].flatMap(({ name, pods: on }) => {
        const node = nodes.get(name);
        return node ? [item(node, () => podItems(on), on.length)] : [];
      }),
    ),
    section(
      "workloads",
      t("outline.workloads"),
      plan.workloads.flatMap(({ uid, children }) => {
        const top = workload(uid);
        return top ? [item(top, () => children.flatMap((child) => workload(child) ?? []).map((set) => item(set)), children.length)] : [];
      }),
    ),
    section("services", t("outline.services"), plan.services.flatMap((uid) => store.kind("Service").get(uid) ?? []).map((service) => item(service))),
  ].filter((one) => one.count);
}

/** @param {string} id @param {string} label @param {Item[]} children @returns {Item} */
const section = (id, label, children) => ({ id: `section/${id}`, label, children: () => children, count: children.length });

/** @param {HTMLElement} element @param {Context} context @returns {() => void} undo */
export function mountOutline(element, context) {
  const { ui } = context;
  /** @type {Map<string, boolean>} */
  const opened = new Map();
  let focused = "";
  let wakeUp = () => {};

  const isOpen = (/** @type {Item} */ one) => opened.get(one.id) ?? one.id.startsWith("section/");

  /** @param {Item} one @param {boolean} open */
  function setOpen(one, open) {
    opened.set(one.id, open);
    wakeUp();
  }

  /** @param {Item} one */
  function choose(one) {
    focused = one.id;
    if (one.thin) context.select(one.thin.uid);
    else setOpen(one, !isOpen(one));
  }

  /** @param {Item} one @param {number} level @returns {unknown} */
  function row(one, level) {
    const open = one.count > 0 && isOpen(one);
    const state = one.thin ? healthOf(one.thin) : null;
    const children = open ? one.children() : [];
    return html`<li role="none">
      <div class="row row-${Math.min(level, 3)}" role="treeitem" data-id=${one.id} aria-level=${level} aria-expanded=${one.count ? open : nothing}
        aria-selected=${one.thin ? ui.get().selected === one.thin.uid : nothing} tabindex=${focused === one.id ? 0 : -1} @click=${() => choose(one)}>
        ${one.count ? html`<span class="twist ${open ? "twist-open" : ""}" @click=${(/** @type {Event} */ event) => (event.stopPropagation(), setOpen(one, !open))}>${icon("chevron")}</span>` : html`<span class="twist"></span>`}
        ${state?.word ? html`<span class="mark mark-${state.tone}" aria-hidden="true"></span>` : nothing}
        <span class="row-name">${one.label}</span>
        <span class="row-state">${state ? state.word : one.count}</span>
      </div>
      ${children.length
        ? html`<ul role="group">${repeat(children.slice(0, MOST_CHILDREN), (child) => child.id, (child) => row(child, level + 1))}
            ${children.length > MOST_CHILDREN ? html`<li role="none" class="row-more">${t("diagram.more", { n: children.length - MOST_CHILDREN })}</li>` : nothing}</ul>`
        : nothing}
    </li>`;
  }

  function view() {
    const items = sections(context);
    if (!focused || !items.length) focused = items[0]?.id ?? "";
    return html`<h2 class="pane-title">${t("outline.title")}</h2>
      <button class="button button-quiet button-icon outline-close" type="button" aria-label=${t("outline.close")} title=${t("outline.close")} @click=${() => ui.set({ outline: false })}>${icon("close")}</button>
      ${items.length
        ? html`<ul role="tree" class="tree" aria-label=${t("outline.label")} @keydown=${onKey} @focusin=${onFocus}>${repeat(items, (one) => one.id, (one) => row(one, 1))}</ul>`
        : html`<p class="empty-hint pane-pad">${t("outline.empty")}</p>`}`;
  }

  /** @param {FocusEvent} event */
  function onFocus(event) {
    const id = /** @type {HTMLElement} */ (event.target).dataset.id;
    if (id && id !== focused) {
      focused = id;
      wakeUp();
    }
  }

  /** @param {string} id @param {Item[]} [among] @returns {Item | undefined} */
  function find(id, among = sections(context)) {
    for (const one of among) {
      if (one.id === id) return one;
      const found = one.count && isOpen(one) ? find(id, one.children()) : undefined;
      if (found) return found;
    }
    return undefined;
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const rows = /** @type {HTMLElement[]} */ ([...element.querySelectorAll('[role="treeitem"]')]);
    const at = rows.findIndex((one) => one === document.activeElement);
    const one = find(rows[at]?.dataset.id ?? "");
    if (!one || event.ctrlKey || event.metaKey) return;
    const target = nextRow(event.key, rows, at, one);
    if (target === undefined && !["Enter", " "].includes(event.key) && event.key.length === 1) return typeAhead(event.key, rows, at);
    if (event.key === "Enter" || event.key === " ") choose(one);
    else if (!["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
    event.preventDefault();
    target?.focus();
  }

  /** @param {string} key @param {HTMLElement[]} rows @param {number} at @param {Item} one @returns {HTMLElement | undefined} */
  function nextRow(key, rows, at, one) {
    const level = (/** @type {HTMLElement} */ row_) => Number(row_.getAttribute("aria-level"));
    if (key === "ArrowDown") return rows[at + 1];
    if (key === "ArrowUp") return rows[at - 1];
    if (key === "Home") return rows[0];
    if (key === "End") return rows[rows.length - 1];
    if (key === "ArrowRight" && one.count) return isOpen(one) ? rows[at + 1] : void setOpen(one, true);
    if (key !== "ArrowLeft") return undefined;
    if (one.count && isOpen(one)) return void setOpen(one, false);
    return rows.slice(0, at).reverse().find((row_) => level(row_) < level(rows[at]));
  }

  /** @param {string} letter @param {HTMLElement[]} rows @param {number} at */
  function typeAhead(letter, rows, at) {
    const after = [...rows.slice(at + 1), ...rows.slice(0, at + 1)];
    after.find((row_) => row_.querySelector(".row-name")?.textContent?.toLowerCase().startsWith(letter.toLowerCase()))?.focus();
  }

  /** @type {import("../ui/mount.js").Source} */
  const own = (wake) => {
    wakeUp = wake;
    return () => {};
  };
  return mount(element, view, { sources: [...both(context), own], everyMs: 150 });
}
