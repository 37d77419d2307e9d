/** The dialog that says which images can be pulled in this cluster: those that are known, or any. */

import { html, nothing } from "lit";
import { attempt } from "../actions.js";
import { t } from "../i18n/index.js";
import { checkField } from "../ui/parts.js";

/** @typedef {import("../context.js").Context} Context */

/** @param {Context} context @param {() => void} close @param {() => void} wake */
export function imagesDialog(context, close, wake) {
  const { api, ui } = context;
  const state = ui.get().dialogData ?? {};
  if (!state.asked) {
    ui.set({ dialogData: { asked: true } });
    void api.images().then(
      (found) => (ui.set({ dialogData: { asked: true, any: found.acceptAnyImage } }), wake()),
      (error) => (ui.set({ dialogData: { asked: true, problem: error.message } }), wake()),
    );
  }
  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    const any = new FormData(/** @type {HTMLFormElement} */ (event.target)).has("acceptAnyImage");
    close();
    void attempt(context, { done: t(any ? "images.doneAny" : "images.doneKnown") }, () => api.setImages({ acceptAnyImage: any }));
  };
  return html`<form method="dialog" class="form" @submit=${submit}>
    <h2 id="dialog-title">${t("images.title")}</h2>
    <p>${t("images.about")}</p>
    ${checkField("acceptAnyImage", t("images.any"), t("images.anyHint"), { checked: !!state.any, disabled: state.any === undefined })}
    ${state.problem ? html`<p class="problem" role="alert">${state.problem}</p>` : nothing}
    <div class="form-buttons">
      <button class="button" type="button" @click=${close}>${t("common.cancel")}</button>
      <button class="button button-primary" type="submit" ?disabled=${state.any === undefined}>${t("images.submit")}</button>
    </div>
  </form>`;
}
