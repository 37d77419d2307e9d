/** Let others follow: a link to hand out, how many follow, a caption for them, and the end of it. */

import { html, nothing } from "lit";
import { share } from "../follow/sharing.js";
import { t } from "../i18n/index.js";
import { mount } from "../ui/mount.js";
import { copyText } from "../ui/parts.js";

/** @typedef {import("../context.js").Context} Context */

/** @param {HTMLElement} element @param {Context} context @returns {() => void} undo */
export function mountShare(element, context) {
  const { ui, api } = context;
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-labelledby", "share-title");
  element.append(dialog);
  let problem = "";
  let stop = () => {};

  const close = () => ui.get().dialog === "share" && ui.set({ dialog: "" });
  /** @param {() => Promise<unknown>} work */
  async function tried(work) {
    problem = "";
    await work().catch((error) => (problem = error.message));
    wakeUp();
  }
  async function begin() {
    const { token, url } = await api.beginFollow();
    ui.set({ sharing: { token, url, followers: 0 } });
    stop = share(context, token);
  }
  async function end() {
    const { sharing } = ui.get();
    if (sharing) await api.endFollow(sharing.token);
    stop();
  }
  let wakeUp = () => {};

  /** @param {InputEvent} event */
  const say = (event) => ui.set({ caption: /** @type {HTMLInputElement} */ (event.target).value });

  /** @param {NonNullable<import("../context.js").Ui["sharing"]>} sharing */
  const running = (sharing) => html`<label class="field"><span>${t("share.link")}</span><input class="share-link" type="text" readonly .value=${sharing.url} @focus=${(/** @type {any} */ event) => event.target.select()} /></label>
    <p role="status">${t("share.count", { n: sharing.followers })}</p>
    <label class="field"><span>${t("share.caption")}</span><input type="text" maxlength="200" autocomplete="off" .value=${ui.get().caption} @input=${say} /><small>${t("share.captionHint")}</small></label>
    <div class="form-buttons">
      <button class="button button-danger" type="button" @click=${() => tried(end)}>${t("share.end")}</button>
      <button class="button" type="button" @click=${close}>${t("common.close")}</button>
      <button class="button button-primary" type="button" @click=${() => copyText(context, sharing.url)}>${t("share.copy")}</button>
    </div>`;
  const idle = () => html`<div class="form-buttons">
    <button class="button" type="button" @click=${close}>${t("common.cancel")}</button>
    <button class="button button-primary" type="button" @click=${() => tried(begin)}>${t("share.begin")}</button>
  </div>`;
  function view() {
    const { sharing } = ui.get();
    return html`<div class="form">
      <h2 id="share-title">${t("share.title")}</h2>
      <p>${t("share.text")}</p>
      ${problem ? html`<p class="problem" role="alert">${problem}</p>` : nothing} ${sharing ? running(sharing) : idle()}
    </div>`;
  }
  const show = () => {
    const wanted = ui.get().dialog === "share";
    if (wanted && !dialog.open) dialog.showModal();
    else if (!wanted && dialog.open) dialog.close();
  };
  dialog.addEventListener("close", close);
  /** @type {import("../ui/mount.js").Source} */
  const own = (wake) => {
    wakeUp = wake;
    return ui.subscribe((now, old) => {
      if (now.dialog !== old.dialog) requestAnimationFrame(show);
      if (now.dialog !== old.dialog || now.sharing !== old.sharing) wake();
    });
  };
  const undo = mount(dialog, view, { sources: [own] });
  return () => {
    stop();
    undo();
    dialog.remove();
  };
}
