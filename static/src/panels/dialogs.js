/** The modal dialogs: add nodes, scale, are you sure. Native <dialog>: the browser keeps the focus inside and closes on Escape. */

import { html, nothing } from "lit";
import { attempt, refOf, scale } from "../actions.js";
import { t } from "../i18n/index.js";
import { kubectl, playground } from "../kubectl.js";
import { mount } from "../ui/mount.js";
import { kubectlLine, sameLine } from "../ui/parts.js";
import { accessDialog } from "./access.js";
import { imagesDialog } from "./images.js";

/** @typedef {import("../context.js").Context} Context */

/** @param {string} text "a=b, c=d" */
export function parsePairs(text) {
  const parts = text.split(",").map((part) => part.trim()).filter(Boolean);
  return Object.fromEntries(parts.map((part) => [part.split("=")[0], part.split("=").slice(1).join("=")]));
}

/** What the add-node form asks the server for. @param {FormData} form */
export function nodeSpec(form) {
  const read = (/** @type {string} */ name) => String(form.get(name) ?? "").trim();
  const taints = read("taints").split(",").map((part) => part.trim()).filter(Boolean);
  const labels = parsePairs(read("labels"));
  return {
    count: Number(read("count")) || 1,
    cpu: read("cpu"),
    memory: read("memory"),
    ...(read("name") ? { name: read("name") } : {}),
    ...(read("zone") ? { zone: read("zone") } : {}),
    ...(Object.keys(labels).length ? { labels } : {}),
    ...(taints.length ? { taints } : {}),
  };
}

/** @param {string} name @param {{value?: string, hint?: string, type?: string, min?: number, max?: number, required?: boolean}} [options] */
const field = (name, { value = "", hint, type = "text", min, max, required } = {}) => html`<label class="field">
  <span>${t(`addNode.${name}`)}</span>
  <input name=${name} type=${type} .value=${value} min=${min ?? nothing} max=${max ?? nothing} ?required=${required} autocomplete="off" spellcheck="false" aria-describedby=${hint ? `hint-${name}` : nothing} />
  ${hint ? html`<small id="hint-${name}">${hint}</small>` : nothing}
</label>`;

const NODE = { count: 1, cpu: "4", memory: "8Gi" };

/** @param {Context} context @param {() => void} close @param {() => void} wake */
function addNode(context, close, wake) {
  const { ui, api } = context;
  const read = (/** @type {Event} */ event) => nodeSpec(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)));
  const line = (/** @type {object} */ spec) => playground(api.nodesUrl, { ...spec });
  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    const spec = read(event);
    close();
    void attempt(context, { done: t("done.nodesAdded", { n: spec.count }), line: line(spec) }, () => api.addNodes(spec));
  };
  return html`<form method="dialog" class="form" @submit=${submit} @input=${(/** @type {Event} */ event) => (ui.set({ dialogData: read(event) }), wake())}>
    <h2 id="dialog-title">${t("addNode.title")}</h2>
    <div class="fields">
      ${field("count", { value: "1", type: "number", min: 1, max: 1000, required: true })} ${field("name", { hint: t("addNode.nameHint") })}
      ${field("cpu", { value: NODE.cpu, required: true })} ${field("memory", { value: NODE.memory, required: true })} ${field("zone")}
      ${field("labels", { hint: t("addNode.labelsHint") })} ${field("taints", { hint: t("addNode.taintsHint") })}
    </div>
    ${sameLine(context, line(ui.get().dialogData ?? NODE))} ${buttons(t("addNode.submit"), close)}
  </form>`;
}

/** @param {Context} context @param {() => void} close @param {() => void} wake */
function scaleDialog(context, close, wake) {
  const { uid, replicas } = context.ui.get().dialogData ?? {};
  const thin = context.store.byUid(uid);
  if (!thin) return nothing;
  const read = (/** @type {Event} */ event) => Number(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("replicas"));
  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    const wanted = read(event);
    close();
    void scale(context, thin, wanted);
  };
  return html`<form method="dialog" class="form" @submit=${submit} @input=${(/** @type {Event} */ event) => (context.ui.set({ dialogData: { uid, replicas: read(event) } }), wake())}>
    <h2 id="dialog-title">${t("scale.title", { name: thin.name })}</h2>
    <label class="field"><span>${t("scale.replicas")}</span><input name="replicas" type="number" min="0" max="20000" required value=${thin.desired ?? 1} /></label>
    ${sameLine(context, kubectl.scale(refOf(thin), replicas ?? thin.desired ?? 1))} ${buttons(t("scale.submit"), close)}
  </form>`;
}

/** @param {Context} context @param {() => void} close */
function confirmDialog(context, close) {
  const { question, line, then } = context.ui.get().dialogData ?? {};
  return html`<form method="dialog" class="form" @submit=${(/** @type {Event} */ event) => (event.preventDefault(), close(), then?.())}>
    <h2 id="dialog-title">${t("confirm.title")}</h2>
    <p>${question}</p>
    ${line ? sameLine(context, line) : nothing} ${buttons(t("common.delete"), close, true)}
  </form>`;
}

/** How to point the real kubectl at this cluster. @param {Context} context @param {() => void} close */
const kubeconfig = (context, close) => html`<div class="form">
  <h2 id="dialog-title">${t("kubeconfig.title")}</h2>
  <p>${t("help.kubeconfig")}</p>
  ${kubectlLine(context, kubectl.withConfig(context.cluster))}
  <div class="form-buttons">
    <button class="button" type="button" @click=${close}>${t("common.close")}</button>
    <a class="button button-primary" href=${context.api.kubeconfigUrl} download @click=${close}>${t("action.kubeconfig")}</a>
  </div>
</div>`;

/** @param {string} label @param {() => void} close @param {boolean} [danger] */
const buttons = (label, close, danger = false) => html`<div class="form-buttons">
  <button class="button" type="button" ?autofocus=${danger} @click=${close}>${t("common.cancel")}</button>
  <button class="button ${danger ? "button-danger" : "button-primary"}" type="submit">${label}</button>
</div>`;

/** @type {Record<string, (context: Context, close: () => void, wake: () => void) => unknown>} */
const DIALOGS = { access: accessDialog, addNode, images: imagesDialog, kubeconfig, scale: scaleDialog, confirm: confirmDialog };

/** @param {HTMLElement} element @param {Context} context @returns {() => void} undo */
export function mountDialogs(element, context) {
  const { ui } = context;
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-labelledby", "dialog-title");
  element.append(dialog);
  let wakeUp = () => {};
  const close = () => ui.set({ dialog: "", dialogData: null });
  dialog.addEventListener("close", () => DIALOGS[ui.get().dialog] && close());
  const view = () => DIALOGS[ui.get().dialog]?.(context, close, () => wakeUp()) ?? nothing;
  const show = () => {
    const wanted = ui.get().dialog in DIALOGS;
    if (wanted && !dialog.open) dialog.showModal();
    else if (!wanted && dialog.open) dialog.close();
  };
  const undo = [mount(dialog, view, { sources: [(wake) => (wakeUp = wake, ui.subscribe((now, old) => now.dialog !== old.dialog && (wake(), requestAnimationFrame(show))))] })];
  return () => {
    undo.forEach((step) => step());
    dialog.remove();
  };
}
