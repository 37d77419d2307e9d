/** Who may do what: asks the API server's own SubjectAccessReview, and says which rule allows it or what would. */

import { html, nothing } from "lit";
import { t } from "../i18n/index.js";
import { grants } from "../why/denials.js";
import { kubectlLine } from "../ui/parts.js";

/** @typedef {import("../context.js").Context} Context @typedef {{user: string, verb: string, resource: string, group: string, namespace: string}} Wanted */

const VERBS = ["get", "list", "watch", "create", "update", "patch", "delete"];
const REVIEW = "apis/authorization.k8s.io/v1/subjectaccessreviews";

/** "deployments.apps" @param {FormData} form @returns {Wanted} */
export function wantedOf(form) {
  const read = (/** @type {string} */ name) => String(form.get(name) ?? "").trim();
  const [resource, ...group] = read("resource").split(".");
  return { user: read("user"), verb: read("verb"), resource, group: group.join("."), namespace: read("namespace") };
}

/** @param {Wanted} wanted */
function review({ user, verb, resource, group, namespace }) {
  const [name, subresource] = resource.split("/");
  const account = /^system:serviceaccount:([^:]+):/.exec(user);
  const groups = ["system:authenticated", ...(account ? ["system:serviceaccounts", `system:serviceaccounts:${account[1]}`] : [])];
  return { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec: { user, groups, resourceAttributes: { verb, resource: name, group, ...(subresource ? { subresource } : {}), ...(namespace ? { namespace } : {}) } } };
}

/** @param {Context} context @param {() => void} close @param {() => void} wake */
export function accessDialog(context, close, wake) {
  const state = context.ui.get().dialogData ?? {};
  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    const wanted = wantedOf(new FormData(/** @type {HTMLFormElement} */ (event.target)));
    const found = await context.api.call("POST", `${context.api.kubeUrl}/${REVIEW}`, review(wanted)).then((/** @type {any} */ answer) => answer.status, (error) => ({ problem: error.message }));
    context.ui.set({ dialogData: { wanted, found } });
    wake();
  }
  /** @param {string} name @param {string} value @param {string} [hint] @param {boolean} [required] */
  const field = (name, value, hint, required = true) => html`<label class="field"><span>${t(`access.${name}`)}</span><input name=${name} type="text" value=${value} ?required=${required} autocomplete="off" spellcheck="false" />${hint ? html`<small>${hint}</small>` : nothing}</label>`;
  return html`<form class="form" @submit=${submit}>
    <h2 id="dialog-title">${t("access.title")}</h2>
    <div class="fields">
      ${field("user", "jane", t("access.userHint"))}
      <label class="field"><span>${t("access.verb")}</span><select name="verb">${VERBS.map((verb) => html`<option>${verb}</option>`)}</select></label>
      ${field("resource", "pods", t("access.resourceHint"))} ${field("namespace", "default", t("access.namespaceHint"), false)}
    </div>
    <div role="status">${state.found ? verdict(context, state.wanted, state.found) : nothing}</div>
    <div class="form-buttons"><button class="button" type="button" @click=${close}>${t("common.close")}</button><button class="button button-primary" type="submit">${t("access.ask")}</button></div>
  </form>`;
}

/** @param {Context} context @param {Wanted} wanted @param {any} found */
function verdict(context, wanted, found) {
  if (found.problem) return html`<p class="problem">${found.problem}</p>`;
  const values = { user: wanted.user, verb: wanted.verb, resource: wanted.resource };
  const pill = (/** @type {string} */ tone, /** @type {string} */ text) => html`<p><span class="pill pill-${tone}"><span class="pill-mark" aria-hidden="true"></span>${text}</span></p>`;
  if (found.allowed) return html`${pill("ok", t("access.yes", values))}<p class="muted">${found.reason}</p>`;
  return html`${pill("bad", t("access.no", values))}<p class="muted">${found.reason || t("access.noRule")}</p>
    <p class="foot-label">${t("denial.allow")}</p>${grants(wanted).map((line) => kubectlLine(context, line))}`;
}
