/**
 * What can be done, in one list for buttons, menus and the command palette: each action knows its words, the kubectl line
 * that would do the same (where there is one), and how to run.
 *
 * @typedef {import("./context.js").Context} Context
 * @typedef {import("./types.js").Thin} Thin
 * @typedef {object} Action
 * @property {string} id
 * @property {string} label
 * @property {string} [kubectl]
 * @property {boolean} [danger]
 * @property {() => unknown} run opens something, or does it
 */

import { kubectl } from "./kubectl.js";
import { t } from "./i18n/index.js";

/** @param {Thin} thin @returns {import("./types.js").Ref} */
export const refOf = (thin) => ({ kind: thin.k, ns: thin.ns, name: thin.name });

/**
 * Do something at the server and say how it went. Failures are shown, never thrown on.
 * @param {Context} context @param {{done: string, kubectl?: string}} words @param {() => Promise<unknown>} work
 */
export async function attempt(context, words, work) {
  if (words.kubectl) context.ui.set({ lastKubectl: words.kubectl });
  try {
    await work();
    context.toast({ tone: "ok", text: words.done, kubectl: words.kubectl });
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

/** @param {Context} context @param {Thin} node @returns {Action[]} */
function nodeActions(context, node) {
  const { api } = context;
  const off = node.machine === "killed" || node.machine === "off";
  /** @param {string} verb @param {string} [line] @param {boolean} [danger] @returns {Action} */
  const verb = (verb, line, danger) => ({
    id: `node.${verb}`,
    label: t(`action.node.${verb}`),
    kubectl: line,
    danger,
    run: () => {
      if (verb === "drain") watchDrain(context, node.name);
      return attempt(context, { done: t(`done.node.${verb}`, { name: node.name }), kubectl: line }, () => api.nodeVerb(node.name, /** @type {any} */ (verb)));
    },
  });
  return [
    off ? verb("revive") : verb("kill", undefined, true),
    ...(off ? [] : [verb("poweroff", undefined, true)]),
    node.unschedulable ? verb("uncordon", kubectl.uncordon(node.name)) : verb("cordon", kubectl.cordon(node.name)),
    verb("drain", kubectl.drain(node.name)),
    {
      id: "node.delete",
      label: t("action.node.delete"),
      kubectl: kubectl.deleteNode(node.name),
      danger: true,
      run: () =>
        confirmed(context, t("confirm.deleteNode", { name: node.name }), () =>
          attempt(context, { done: t("done.deleted", { name: node.name }), kubectl: kubectl.deleteNode(node.name) }, () => api.deleteNode(node.name)),
        ),
    },
  ];
}

/** @param {Context} context @param {string} question @param {() => unknown} then */
function confirmed(context, question, then) {
  context.ui.set({ dialog: "confirm", dialogData: { question, then } });
}

/** @param {Context} context @param {Thin} thin @param {number} replicas */
export function scale(context, thin, replicas) {
  const line = kubectl.scale(refOf(thin), replicas);
  const done = t("done.scaled", { name: thin.name, n: replicas });
  return attempt(context, { done, kubectl: line }, () => context.api.patch(refOf(thin), { spec: { replicas } }, "scale"));
}

/** @param {Context} context @param {Thin} thin */
function restart(context, thin) {
  const line = kubectl.restart(refOf(thin));
  const at = new Date(context.store.now() / 1000).toISOString().replace(/\.\d+Z$/, "Z");
  const patch = { spec: { template: { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": at } } } } };
  return attempt(context, { done: t("done.restarted", { name: thin.name }), kubectl: line }, () => context.api.patch(refOf(thin), patch));
}

/** Why pods wait for an image that cannot be pulled. */
const UNPULLED = ["ErrImagePull", "ImagePullBackOff"];

/** @param {Context} context @param {Thin} thin @returns {Action[]} */
function workloadActions(context, thin) {
  /** @type {Action[]} */
  const actions = [];
  if (["Deployment", "StatefulSet", "ReplicaSet"].includes(thin.k))
    actions.push({ id: "scale", label: t("action.scale"), run: () => context.ui.set({ dialog: "scale", dialogData: thin.uid }) });
  if (["Deployment", "StatefulSet", "DaemonSet"].includes(thin.k))
    actions.push({ id: "restart", label: t("action.restart"), kubectl: kubectl.restart(refOf(thin)), run: () => restart(context, thin) });
  if (thin.k === "Pod") actions.push({ id: "logs", label: t("action.logs"), kubectl: kubectl.logs(refOf(thin)), run: () => context.ui.set({ selected: thin.uid, drawer: "logs" }) });
  if (thin.k === "Pod" && UNPULLED.includes(thin.reason ?? ""))
    actions.push({ id: "images", label: t("images.title"), run: () => context.ui.set({ dialog: "images", dialogData: null }) });
  return actions;
}

/** @param {Context} context @param {Thin} thin @returns {Action} */
function removeAction(context, thin) {
  const line = kubectl.remove(refOf(thin));
  const work = () => attempt(context, { done: t("done.deleted", { name: thin.name }), kubectl: line }, () => context.api.remove(refOf(thin)));
  const asks = thin.k !== "Pod";
  return {
    id: "delete",
    label: t("action.delete"),
    kubectl: line,
    danger: true,
    run: () => (asks ? confirmed(context, t("confirm.delete", { kind: thin.k, name: thin.name }), work) : work()),
  };
}

/** @param {Context} context @param {Thin} part @returns {Action[]} */
function partActions(context, part) {
  const verb = part.healthy === false ? "start" : "stop";
  const done = t(`done.part.${verb}`, { name: part.name });
  return [{ id: `part.${verb}`, label: t(`action.part.${verb}`), danger: verb === "stop", run: () => attempt(context, { done }, () => context.api.component(part.name, verb)) }];
}

/** What can be done with one thing. @param {Context} context @param {Thin} thin @returns {Action[]} */
export function actionsFor(context, thin) {
  if (context.readonly) return [];
  if (thin.k === "Node") return nodeActions(context, thin);
  if (thin.k === "Component") return partActions(context, thin);
  if (thin.k === "Event") return [];
  return [...workloadActions(context, thin), removeAction(context, thin)];
}

/** What can always be done. @param {Context} context @returns {Action[]} */
export function pageActions(context) {
  const { ui } = context;
  return [
    { id: "addNode", label: t("action.addNode"), run: () => ui.set({ dialog: "addNode" }) },
    { id: "yaml", label: t("action.yaml"), kubectl: kubectl.apply(), run: () => ui.set({ drawer: "yaml", dialog: "" }) },
    { id: "events", label: t("action.events"), run: () => ui.set({ drawer: "events", dialog: "" }) },
    { id: "create", label: t("create.title"), kubectl: kubectl.apply(), run: () => ui.set({ dialog: "create" }) },
    { id: "charts", label: t("action.charts"), run: () => ui.set({ drawer: "charts", dialog: "" }) },
    { id: "network", label: t("action.network"), run: () => ui.set({ drawer: "network", dialog: "" }) },
    { id: "access", label: t("access.title"), kubectl: "kubectl auth can-i …", run: () => ui.set({ dialog: "access", dialogData: null }) },
    { id: "share", label: t("share.title"), run: () => ui.set({ dialog: "share" }) },
    { id: "presenter", label: t("action.toggle", { name: t("presenter.title") }), run: () => ui.set({ presenter: !ui.get().presenter, dialog: "" }) },
    { id: "explorer", label: t("action.explorer"), kubectl: "kubectl get …", run: () => ui.set({ drawer: "explorer", dialog: "" }) },
    { id: "terminal", label: t("action.terminal"), run: () => ui.set({ drawer: "terminal", dialog: "" }) },
    { id: "timeline", label: t("timeline.label"), run: () => ui.set({ timeline: !ui.get().timeline, dialog: "" }) },
    { id: "record", label: t("demo.record"), run: () => attempt(context, { done: t("demo.started") }, () => context.api.demo({ action: "record" })) },
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
  const run = (/** @type {{action: string, speed?: number, seconds?: number}} */ command) => () => clock(context, command);
  return [
    { id: "clock.pause", label: t("clock.pause"), run: run({ action: "pause" }) },
    { id: "clock.x1", label: t("clock.runAt", { n: 1 }), run: run({ action: "run", speed: 1 }) },
    { id: "clock.x10", label: t("clock.runAt", { n: 10 }), run: run({ action: "run", speed: 10 }) },
    { id: "clock.x100", label: t("clock.runAt", { n: 100 }), run: run({ action: "run", speed: 100 }) },
    { id: "clock.step", label: t("clock.step"), run: run({ action: "step" }) },
    { id: "clock.next", label: t("clock.next"), run: run({ action: "next" }) },
    { id: "clock.settle", label: t("clock.settle"), run: run({ action: "settle" }) },
    { id: "clock.advance", label: t("clock.advance", { n: 60 }), run: run({ action: "advance", seconds: 60 }) },
  ];
}
