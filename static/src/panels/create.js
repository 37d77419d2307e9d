/** The dialog that makes common objects: a form beside the YAML it stands for. */

import { html } from "lit";
import { attempt } from "../actions.js";
import { FORMS } from "../editor/forms.js";
import { t } from "../i18n/index.js";
import { kubectl } from "../kubectl.js";
import { mount } from "../ui/mount.js";

/** @typedef {import("../context.js").Context} Context @typedef {import("../editor/forms.js").Answers} Answers @typedef {import("../editor/forms.js").Field} Field */

/** @returns {Answers} */
const blank = () => ({ name: "web", namespace: "default", image: "nginx:1.27", replicas: 3, port: 80, app: "", data: "key=value" });

/** @param {HTMLElement} element @param {Context} context @returns {() => void} undo */
export function mountCreate(element, context) {
  const { ui, api } = context;
  const dialog = document.createElement("dialog");
  dialog.className = "dialog create";
  dialog.setAttribute("aria-labelledby", "create-title");
  element.append(dialog);
  let kind = "Deployment";
  let answers = blank();
  let text = "";
  let problem = "";
  let wakeUp = () => {};
  /** @type {((object: object) => string) | undefined} */
  let write;

  const close = () => ui.get().dialog === "create" && ui.set({ dialog: "" });
  async function rewrite() {
    write ??= (await import("yaml")).stringify;
    text = write(FORMS[kind].make(answers));
    wakeUp();
  }

  /** @param {Event} event */
  function change(event) {
    const { name, value, type } = /** @type {HTMLInputElement} */ (event.target);
    if (name === "kind") kind = value;
    else answers = { ...answers, [name]: type === "number" ? Number(value) : value };
    problem = "";
    void rewrite();
  }

  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    const { results } = await api.apply(text).catch((error) => ({ results: [{ status: "error", message: error.message }] }));
    const failed = results.find((one) => one.status === "error");
    problem = failed?.message ?? "";
    if (failed) return wakeUp();
    close();
    return void (await attempt(context, { done: t("create.done", { name: answers.name }), line: kubectl.apply() }, async () => {}));
  }

  function edit() {
    close();
    ui.set({ drawer: "yaml", editorText: text });
  }

  /** @param {Field} name */
  function field(name) {
    const label = html`<span>${t(`create.${name}`)}</span>`;
    if (name === "data") return html`<label class="field">${label}<textarea name="data" rows="4" .value=${answers.data} @input=${change}></textarea></label>`;
    const number = name === "replicas" || name === "port";
    return html`<label class="field">${label}<input name=${name} type=${number ? "number" : "text"} min=${number ? 0 : ""} max=${name === "port" ? 65535 : 1000} .value=${String(answers[name])} ?required=${name === "name" || name === "image"} autocomplete="off" spellcheck="false" @input=${change} /></label>`;
  }

  const view = () => html`<form class="form" method="dialog" @submit=${submit}>
    <h2 id="create-title">${t("create.heading")}</h2>
    <div class="create-columns">
      <div class="create-fields">
        <label class="field"><span>${t("explorer.kind")}</span><select name="kind" @change=${change}>${Object.keys(FORMS).map((name) => html`<option value=${name} ?selected=${name === kind}>${name}</option>`)}</select></label>
        ${FORMS[kind].fields.map(field)}
      </div>
      <pre class="code create-yaml" tabindex="0" aria-label=${t("drawer.yaml")}>${text}</pre>
    </div>
    ${problem ? html`<p class="problem" role="alert">${problem}</p>` : ""}
    <div class="form-buttons">
      <button class="button" type="button" @click=${close}>${t("common.cancel")}</button>
      <button class="button" type="button" @click=${edit}>${t("create.edit")}</button>
      <button class="button button-primary" type="submit">${t("create.submit")}</button>
    </div>
  </form>`;

  /** @type {import("../ui/mount.js").Source} */
  const own = (wake) => {
    wakeUp = wake;
    return ui.subscribe((now, old) => {
      if (now.dialog === old.dialog) return;
      const wanted = now.dialog === "create";
      if (wanted && !dialog.open) void rewrite().then(() => dialog.showModal());
      else if (!wanted && dialog.open) dialog.close();
    });
  };
  dialog.addEventListener("close", close);
  const undo = mount(dialog, view, { sources: [own] });
  return () => {
    undo();
    dialog.remove();
  };
}
