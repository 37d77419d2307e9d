/** An object as YAML, as the server has it, with a way to edit it. The YAML package is loaded when first needed. */

import { html } from "lit";
import { refOf } from "../actions.js";
import { t } from "../i18n/index.js";

/** @param {any} object without what only the server writes, for editing */
function editable(object) {
  const { managedFields, ...metadata } = object.metadata ?? {};
  void managedFields;
  return { ...object, metadata };
}

/** @param {import("../context.js").Context} context @param {import("../types.js").Thin} thin */
export async function yamlOf(context, thin) {
  const [{ stringify }, object] = await Promise.all([import("yaml"), context.api.get(refOf(thin))]);
  const text = stringify(editable(object), { lineWidth: 0, sortMapEntries: true });
  return html`<div class="yaml">
    <div class="yaml-bar"><button class="button" type="button" @click=${() => context.ui.set({ drawer: "yaml", editorText: text })}>${t("inspector.edit")}</button></div>
    <pre class="code" tabindex="0">${text}</pre>
  </div>`;
}
