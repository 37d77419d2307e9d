/** The page of somebody who follows a presenter: the picture, what is selected, captions; nothing that changes anything. */

import { html, nothing, render } from "lit";
import { mountDiagram } from "../diagram/diagram.js";
import { mountOutline } from "../diagram/tree.js";
import { isFrame } from "../diagram/frame.js";
import { timeOfDay } from "../format.js";
import { takenFrom } from "../follow/view.js";
import { t } from "../i18n/index.js";
import { icon } from "../ui/icons.js";
import { both, everySoOften, mount } from "../ui/mount.js";
import { connection, themeButton } from "./header.js";
import { mountInspector } from "./inspector.js";
import { mountPresenter } from "./presenter.js";
import { mountHoverCard, mountToasts } from "./toasts.js";
import { mountAround } from "./toolbar.js";

/** @typedef {import("../context.js").Context} Context */

const PLACES = html`<header class="head" data-place="header"></header>
  <aside class="outline" data-place="outline"></aside>
  <main class="stage">
    <div class="diagram" data-place="diagram"></div>
    <p class="visually-hidden" id="diagram-help"></p>
    <div class="stage-tools" data-place="around"></div>
    <div class="hover-card" data-place="hover" hidden></div>
    <div data-place="captions"></div>
  </main>
  <aside class="inspector" data-place="inspector" hidden></aside>
  <div class="toasts" data-place="toasts"></div>`;

/** @type {Record<string, (element: HTMLElement, context: Context) => () => void>} */
const VIEWS = { outline: mountOutline, hover: mountHoverCard, diagram: mountDiagram, around: mountAround, inspector: mountInspector, toasts: mountToasts, captions: mountPresenter };

/** @param {HTMLElement} element @param {Context} context @returns {{undo: () => void, take: (view: any) => void}} `take`: the presenter shows this */
export function mountFollowShell(element, context) {
  const { ui, store } = context;
  render(PLACES, element);
  const place = (/** @type {string} */ name) => /** @type {HTMLElement} */ (element.querySelector(`[data-place="${name}"]`));
  const help = element.querySelector("#diagram-help");
  if (help) help.textContent = t("diagram.help");
  for (const [name, label] of [["outline", "outline.title"], ["inspector", "inspector.label"]]) place(name).setAttribute("aria-label", t(label));
  const narrow = matchMedia("(max-width: 800px)");
  let along = true;
  /** @type {any} */
  let latest = null;
  let wakeHeader = () => {};

  function show() {
    if (!along || !latest) return;
    ui.set(takenFrom(latest));
    if (isFrame(latest.frame)) context.diagram?.showFrame(latest.frame);
  }
  /** @param {boolean} whether */
  function setAlong(whether) {
    if (along === whether) return;
    along = whether;
    show();
    arrange();
    wakeHeader();
  }
  context.onTouch = () => setAlong(false);

  function header() {
    const { clock } = store.state;
    return html`<div class="crumbs"><h1>${context.cluster}</h1></div>
      ${connection(context)}${store.state.past === null ? nothing : html`<span class="past-mark" role="status">${t("timeline.revision", { n: store.state.revision ?? 0 })}</span>`} <time class="clock-time">${clock ? timeOfDay(store.now()) : nothing}</time>
      <div class="head-tools">
        <button class="button ${along ? "" : "button-primary"}" type="button" aria-pressed=${along} @click=${() => setAlong(!along)}>${icon("follow")}<span>${t(along ? "follow.along" : "follow.again")}</span></button>
        <button class="button button-quiet button-icon" type="button" aria-pressed=${ui.get().outline} aria-label=${t("outline.title")} title=${t("outline.title")} @click=${() => ui.set({ outline: !ui.get().outline })}>${icon("outline")}</button>
        ${themeButton(context)}
      </div>`;
  }
  function arrange() {
    const { outline, selected, theme } = ui.get();
    // On a phone the inspector would cover the picture: there it opens for what the follower chose, not the presenter.
    const inspected = !!selected && !!store.byUid(selected) && !(along && narrow.matches);
    place("outline").hidden = !outline;
    place("inspector").hidden = !inspected;
    element.classList.toggle("with-outline", outline);
    element.classList.toggle("with-inspector", inspected);
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }
  /** @type {import("../ui/mount.js").Source} */
  const own = (wake) => {
    wakeHeader = wake;
    return () => {};
  };
  arrange();
  const undo = [
    ui.subscribe(arrange),
    store.subscribe(({ reset, removed }) => (reset || removed.some((thin) => thin.uid === ui.get().selected)) && (arrange(), show())),
    mount(place("header"), header, { sources: [own, ...both(context), everySoOften(500)], everyMs: 100 }),
    ...Object.entries(VIEWS).map(([name, mountView]) => mountView(place(name), context)),
  ];
  return {
    undo: () => undo.reverse().forEach((step) => step()),
    take(view) {
      latest = view;
      // Which time is shown is not a matter of where one looks: this goes along in any case.
      if (view?.past === null && store.state.past !== null) {
        store.leavePast();
        context.resync?.();
      }
      show();
    },
  };
}
