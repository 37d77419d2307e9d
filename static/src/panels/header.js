/** The page's head: where we are, how the connection is, the commands and the colours. */

import { html, nothing } from "lit";
import { t } from "../i18n/index.js";
import { icon } from "../ui/icons.js";
import { both, mount } from "../ui/mount.js";

const THEMES = /** @type {const} */ (["auto", "light", "dark"]);
const THEME_ICONS = { auto: "auto", light: "sun", dark: "moon" };

/** @param {import("../context.js").Context} context */
export function connection({ store }) {
  const { connection: state, resumed, gone, ended } = store.state;
  const text = ended ? t("follow.ended") : state === "live" && resumed ? t("connection.resumed") : t(`connection.${state}`);
  return html`<span class="connection connection-${state}" role="status" title=${gone || nothing}><span class="connection-dot" aria-hidden="true"></span>${text}</span>`;
}

/** @param {import("../context.js").Context} context */
export function themeButton({ ui }) {
  const { theme } = ui.get();
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  return html`<button class="button button-quiet button-icon" type="button" title=${t(`theme.${theme}`)} aria-label=${t(`theme.${theme}`)} @click=${() => ui.set({ theme: next })}>
    ${icon(THEME_ICONS[theme])}
  </button>`;
}

/** That others follow, and how many. @param {import("../context.js").Context} context */
function sharing({ ui }) {
  const { sharing: link } = ui.get();
  if (!link) return nothing;
  return html`<button class="chip sharing" type="button" aria-pressed="true" @click=${() => ui.set({ dialog: "share" })}>${icon("follow")}<span>${t("share.count", { n: link.followers })}</span></button>`;
}

/** @param {import("../context.js").Context} context */
function view(context) {
  const { ui, cluster } = context;
  return html`<nav class="crumbs" aria-label=${t("app.title")}>
      <a href="/">${t("app.allClusters")}</a><span class="crumb-mark" aria-hidden="true">/</span>
      <h1 title=${cluster}>${cluster}</h1>
    </nav>
    ${connection(context)}
    ${sharing(context)}
    <div class="head-tools">
      <button class="button search" type="button" aria-keyshortcuts="Control+K" @click=${() => ui.set({ dialog: "commands" })}>
        ${icon("search")}<span class="search-text">${t("commands.open")}</span><kbd>Ctrl K</kbd>
      </button>
      ${ui.get().sharing ? nothing : html`<button class="button button-quiet button-icon wide-only" type="button" title=${t("share.title")} aria-label=${t("share.title")} @click=${() => ui.set({ dialog: "share" })}>${icon("follow")}</button>`}
      <button class="button button-quiet button-icon wide-only" type="button" aria-pressed=${ui.get().presenter} aria-keyshortcuts="F9" title="${t("presenter.title")} (F9)" aria-label=${t("presenter.title")} @click=${() => ui.set({ presenter: !ui.get().presenter })}>${icon("present")}</button>
      <button class="button button-quiet button-icon wide-only" type="button" title=${t("kubeconfig.title")} aria-label=${t("kubeconfig.title")} @click=${() => ui.set({ dialog: "kubeconfig" })}>${icon("download")}</button>
      <button class="button button-quiet button-icon wide-only" type="button" title=${t("action.tour")} aria-label=${t("action.tour")} @click=${() => ui.set({ tour: 0 })}>${icon("help")}</button>
      ${themeButton(context)}
    </div>`;
}

/** @param {HTMLElement} element @param {import("../context.js").Context} context */
export const mountHeader = (element, context) => mount(element, () => view(context), { sources: both(context), everyMs: 60 });
