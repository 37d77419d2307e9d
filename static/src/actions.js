/**
 * What can be done, in one list for buttons, menus and the command palette: each action knows its words, the line
 * that would do the same (kubectl's where there is one, else the machine's or the playground's own), and how to run.
 *
 * @typedef {import("./context.js").Context} Context
 * @typedef {import("./types.js").Thin} Thin
 * @typedef {object} Action
 * @property {string} id
 * @property {string} label
 * @property {string} [line] what one would type instead
 * @property {boolean} [danger]
 * @property {() => unknown} run opens something, or does it
 */

import { kubectl, machine, playground } from "./kubectl.js";
import { t } from "./i18n/index.js";

/** @param {Thin} thin @returns {import("./types.js").Ref} */
export const refOf = (thin) => ({ kind: thin.k, ns: thin.ns, name: thin.name });

/**
 * Do something at the server and say how it went. Failures are shown, never thrown on.
 * @param {Context} context @param {{done: string, line?: string}} words @param {() => Promise<unknown>} work
 */
export async function attempt(context, words, work) {
  try {
    await work();
    context.toast({ tone: "ok", text: words.done, line: words.line });
    return true;
  } catch (error) {
    context.toast({ tone: "bad", text: error instanceof Error ? error.message : String(error) });
    return false;
  }
}

/** Show how far the drain is. @param {Context} context @param {string} name */
function watchDrain({ ui, store }, name) {
  const others = ui.get().draining.filter((one) => one.name !== name);
  ui.set({ draining: [...others, { name, total: store.podsOn(name).size }] });
}

/** What is done to the machine from outside or by name. @param {Context} context @param {Thin} node @param {"kill" | "revive" | "drain" | "cordon" | "uncordon" | "poweroff"} verb @param {string} line @param {boolean} [danger] @returns {Action} */
function nodeAction(context, node, verb, line, danger) {
  const run = () => {
    if (verb === "drain") watchDrain(context, node.name);
    return attempt(context, { done: t(`done.node.${verb}`, { name: node.name }), line }, () => context.api.nodeVerb(node.name, verb));
  };
  return { id: `node.${verb}`, label: t(`action.node.${verb}`), line, danger, run };
}

/** @param {Context} context @param {Thin} node @returns {Action} */
function kubeletAction(context, node) {
  const verb = node.kubelet === false ? "start" : "stop";
  const line = machine.kubelet(node.name, verb);
  const done = t(`done.kubelet.${verb}`, { name: node.name });
  return { id: `kubelet.${verb}`, label: t(`action.kubelet.${verb}`), line, danger: verb === "stop", run: () => attempt(context, { done, line }, () => context.api.component("kubelet", verb, node.name)) };
}

/** @param {Context} context @param {Thin} node @returns {Action} */
function deleteNodeAction(context, node) {
  const line = playground(context.api.nodeUrl(node.name), {}, "DELETE");
  const work = () => attempt(context, { done: t("done.deleted", { name: node.name }), line }, () => context.api.deleteNode(node.name));
  return { id: "node.delete", label: t("action.node.delete"), line, danger: true, run: () => confirmed(context, t("confirm.deleteNode", { name: node.name }), line, work) };
}

/** @param {Context} context @param {Thin} node @returns {Action[]} */
function nodeActions(context, node) {
  const { name } = node;
  const act = (/** @type {Parameters<typeof nodeAction>[2]} */ verb, /** @type {string} */ line, danger = false) => nodeAction(context, node, verb, line, danger);
  const own = (/** @type {string} */ verb) => playground(context.api.nodeUrl(name, verb));
  const off = node.machine === "killed" || node.machine === "off";
  return [
    ...(off ? [act("revive", own("revive"))] : [act("kill", own("kill"), true), act("poweroff", machine.powerOff(name), true), kubeletAction(context, node)]),
    node.unschedulable ? act("uncordon", kubectl.uncordon(name)) : act("cordon", kubectl.cordon(name)),
    act("drain", kubectl.drain(name)),
    deleteNodeAction(context, node),
  ];
}

/** @param {Context} context @param {string} question @param {string} line @param {() => unknown} then */
export function confirmed(context, question, line, then) {
  context.ui.set({ dialog: "confirm", dialogData: { question, line, then } });
}

/** @param {Context} context @param {Thin} thin @param {number} replicas */
export function scale(context, thin, replicas) {
  const line = kubectl.scale(refOf(thin), replicas);
  const done = t("done.scaled", { name: thin.name, n: replicas });
  return attempt(context, { done, line }, () => context.api.patch(refOf(thin), { spec: { replicas } }, "scale"));
}

/** @param {Context} context @param {Thin} thin */
function restart(context, thin) {
  const line = kubectl.restart(refOf(thin));
  const at = new Date(context.store.now() / 1000).toISOString().replace(/\.\d+Z$/, "Z");
  const patch = { spec: { template: { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": at } } } } };
  return attempt(context, { done: t("done.restarted", { name: thin.name }), line }, () => context.api.patch(refOf(thin), patch));
}

/** Why pods wait for an image that cannot be pulled. */
const UNPULLED = ["ErrImagePull", "ImagePullBackOff"];

/** @param {Context} context @param {Thin} thin @returns {Action[]} */
function workloadActions(context, thin) {
  /** @type {Action[]} */
  const actions = [];
  if (["Deployment", "StatefulSet", "ReplicaSet"].includes(thin.k))
    actions.push({ id: "scale", label: t("action.scale"), run: () => context.ui.set({ dialog: "scale", dialogData: { uid: thin.uid } }) });
  if (["Deployment", "StatefulSet", "DaemonSet"].includes(thin.k))
    actions.push({ id: "restart", label: t("action.restart"), line: kubectl.restart(refOf(thin)), run: () => restart(context, thin) });
  if (thin.k === "Pod") actions.push({ id: "logs", label: t("action.logs"), line: kubectl.logs(refOf(thin)), run: () => context.ui.set({ selected: thin.uid, drawer: "logs" }) });
  if (thin.k === "Pod" && UNPULLED.includes(thin.reason ?? ""))
    actions.push({ id: "images", label: t("images.title"), run: () => context.ui.set({ dialog: "images", dialogData: null }) });
  return actions;
}

/** @param {Context} context @param {Thin} thin @returns {Action} */
function removeAction(context, thin) {
  const line = kubectl.remove(refOf(thin));
  const work = () => attempt(context, { done: t("done.deleted", { name: thin.name }), line }, () => context.api.remove(refOf(thin)));
  const asks = thin.k !== "Pod";
  return {
    id: "delete",
    label: t("action.delete"),
    line,
    danger: true,
    run: () => (asks ? confirmed(context, t("confirm.delete", { kind: thin.k, name: thin.name }), line, work) : work()),
  };
}

/** @param {Context} context @param {Thin} part @returns {Action[]} */
function partActions(context, part) {
  const verb = part.healthy === false ? "start" : "stop";
  const done = t(`done.part.${verb}`, { name: part.name });
  const static_ = !!context.store.named("Pod", "kube-system", `${part.name}-${part.node}`);
  // What was taken away is put back by whoever took it: only the playground knows where it lies.
  const line = verb === "start" ? playground(context.api.componentUrl(part.name, verb)) : machine.stopPart(part.node || "control-plane", part.name, static_);
  return [{ id: `part.${verb}`, label: t(`action.part.${verb}`), line, danger: verb === "stop", run: () => attempt(context, { done, line }, () => context.api.component(part.name, verb)) }];
}

/** What can be done with one thing. @param {Context} context @param {Thin} thin @returns {Action[]} */
export function actionsFor(context, thin) {
  if (context.readonly) return [];
  if (thin.k === "Node") return nodeActions(context, thin);
  if (thin.k === "Component") return partActions(context, thin);
  if (thin.k === "Event") return [];
  return [...workloadActions(context, thin), removeAction(context, thin)];
}

/** @param {Context} context @returns {Action} */
function recordAction(context) {
  const line = playground(context.api.demoUrl, { action: "record" });
  return { id: "record", label: t("demo.record"), line, run: () => attempt(context, { done: t("demo.started"), line }, () => context.api.demo({ action: "record" })) };
}

/** What can always be done. @param {Context} context @returns {Action[]} */
export function pageActions(context) {
  const { ui } = context;
  return [
    { id: "addNode", label: t("action.addNode"), line: `${playground(context.api.nodesUrl, { count: 1 })} …`, run: () => ui.set({ dialog: "addNode" }) },
    { id: "yaml", label: t("action.yaml"), line: kubectl.apply(), run: () => ui.set({ drawer: "yaml", dialog: "" }) },
    { id: "events", label: t("action.events"), run: () => ui.set({ drawer: "events", dialog: "" }) },
    { id: "create", label: t("create.title"), line: kubectl.apply(), run: () => ui.set({ dialog: "create" }) },
    { id: "charts", label: t("action.charts"), run: () => ui.set({ drawer: "charts", dialog: "" }) },
    { id: "network", label: t("action.network"), run: () => ui.set({ drawer: "network", dialog: "" }) },
    { id: "access", label: t("access.title"), line: "kubectl auth can-i …", run: () => ui.set({ dialog: "access", dialogData: null }) },
    { id: "share", label: t("share.title"), run: () => ui.set({ dialog: "share" }) },
    { id: "presenter", label: t("action.toggle", { name: t("presenter.title") }), run: () => ui.set({ presenter: !ui.get().presenter, dialog: "" }) },
    { id: "explorer", label: t("action.explorer"), line: "kubectl get …", run: () => ui.set({ drawer: "explorer", dialog: "" }) },
    { id: "terminal", label: t("action.terminal"), run: () => ui.set({ drawer: "terminal", dialog: "" }) },
    { id: "timeline", label: t("timeline.label"), run: () => ui.set({ timeline: !ui.get().timeline, dialog: "" }) },
    recordAction(context),
    { id: "fit", label: t("action.fit"), run: () => context.diagram?.fit() },
    { id: "services", label: t("action.toggle", { name: t("layer.services") }), run: () => ui.set({ services: !ui.get().services }) },
    { id: "owners", label: t("action.toggle", { name: t("layer.owners") }), run: () => ui.set({ owners: !ui.get().owners }) },
    { id: "system", label: t("action.toggle", { name: t("layer.system") }), run: () => ui.set({ system: !ui.get().system }) },
    { id: "outline", label: t("action.toggle", { name: t("outline.title") }), run: () => ui.set({ outline: !ui.get().outline }) },
    { id: "tour", label: t("action.tour"), run: () => ui.set({ tour: 0, dialog: "" }) },
    { id: "images", label: t("images.title"), run: () => ui.set({ dialog: "images", dialogData: null }) },
    { id: "kubeconfig", label: t("kubeconfig.title"), run: () => ui.set({ dialog: "kubeconfig" }) },
    ...clockActions(context),
  ];
}

/** @param {Context} context @param {{action: string, speed?: number, seconds?: number}} command */
export async function clock(context, command) {
  context.ui.set({ clockBusy: true });
  try {
    await context.api.clock(command);
  } catch (error) {
    context.toast({ tone: "bad", text: error instanceof Error ? error.message : String(error) });
  }
  context.ui.set({ clockBusy: false });
}

/** @param {Context} context @returns {Action[]} */
function clockActions(context) {
  /** @type {(id: string, label: string, command: {action: string, speed?: number, seconds?: number}) => Action} */
  const action = (id, label, command) => ({ id: `clock.${id}`, label, line: playground(context.api.clockUrl, command), run: () => clock(context, command) });
  return [
    action("pause", t("clock.pause"), { action: "pause" }),
    ...[1, 10, 100].map((speed) => action(`x${speed}`, t("clock.runAt", { n: speed }), { action: "run", speed })),
    action("step", t("clock.step"), { action: "step" }),
    action("next", t("clock.next"), { action: "next" }),
    action("settle", t("clock.settle"), { action: "settle" }),
    action("advance", t("clock.advance", { n: 60 }), { action: "advance", seconds: 60 }),
  ];
}
