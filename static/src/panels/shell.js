/** The cluster's page: where each view has its place, and which of them are open. Mounts them all and returns the undo. */

import { html, render } from "lit";
import { mountDiagram } from "../diagram/diagram.js";
import { mountOutline } from "../diagram/tree.js";
import { t } from "../i18n/index.js";
import { mountClockBar } from "./clockbar.js";
import { mountCommands } from "./commands.js";
import { mountCreate } from "./create.js";
import { mountDemoBar } from "./demobar.js";
import { mountDialogs } from "./dialogs.js";
import { mountDrawer } from "./drawer.js";
import { mountHeader } from "./header.js";
import { mountInspector } from "./inspector.js";
import { mountHoverCard, mountToasts } from "./toasts.js";
import { mountPresenter } from "./presenter.js";
import { mountShare } from "./share.js";
import { mountTimeline } from "./timeline.js";
import { mountToolbar } from "./toolbar.js";
import { mountTour } from "./tour.js";
import { mountWork } from "./work.js";
import { keepFocus } from "../ui/focus.js";

/** @typedef {import("../context.js").Context} Context */

const PLACES = html`<header class="head"><div class="head-main" data-place="header"></div><div class="head-clock" data-place="clock"></div></header>
  <aside class="guide" data-place="guide" hidden></aside>
  <aside class="outline" data-place="outline"></aside>
  <main class="stage">
    <div class="diagram" data-place="diagram"></div>
    <p class="visually-hidden" id="diagram-help"></p>
    <div class="stage-tools" data-place="toolbar"></div>
    <div class="hover-card" data-place="hover" hidden></div>
    <aside class="classbar" data-place="class" hidden></aside>
    <div data-place="captions"></div>
    <div data-place="work"></div>
    <div data-place="demo"></div>
    <div data-place="timeline"></div>
    <div data-place="tour"></div>
  </main>
  <aside class="inspector" data-place="inspector" hidden></aside>
  <section class="drawer" data-place="drawer" hidden></section>
  <div class="toasts" data-place="toasts"></div>
  <div data-place="dialogs"></div>`;

/** @type {Record<string, (element: HTMLElement, context: Context) => () => void>} */
const VIEWS = {
  header: mountHeader,
  clock: mountClockBar,
  outline: mountOutline,
  hover: mountHoverCard,
  diagram: mountDiagram,
  toolbar: mountToolbar,
  inspector: mountInspector,
  drawer: mountDrawer,
  toasts: mountToasts,
  timeline: mountTimeline,
  captions: mountPresenter,
  demo: mountDemoBar,
  tour: mountTour,
  work: mountWork,
};

/** @param {HTMLElement} element @param {Context} context @returns {() => void} undo */
export function mountShell(element, context) {
  const { ui, store } = context;
  render(PLACES, element);
  const place = (/** @type {string} */ name) => /** @type {HTMLElement} */ (element.querySelector(`[data-place="${name}"]`));
  const help = element.querySelector("#diagram-help");
  if (help) help.textContent = t("diagram.help");
  for (const [name, label] of [["guide", "guide.label"], ["class", "class.label"], ["outline", "outline.title"], ["inspector", "inspector.label"], ["drawer", "drawer.label"]]) place(name).setAttribute("aria-label", t(label));

  function arrange() {
    const { outline, selected, theme, drawer } = ui.get();
    const inspected = !!selected && !!store.byUid(selected);
    place("outline").hidden = !outline;
    place("inspector").hidden = !inspected;
    element.classList.toggle("with-outline", outline);
    element.classList.toggle("with-inspector", inspected);
    element.classList.toggle("with-drawer", !!drawer);
    element.classList.toggle("with-timeline", ui.get().timeline);
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }
  /** The guide's module is loaded when there is something to guide through. */
  async function guide() {
    place("guide").hidden = !ui.get().guide;
    if (!ui.get().guide) return () => {};
    return (await import("./guide.js")).mountGuide(place("guide"), context);
  }
  let guided = guide();
  /** What the cluster's class says, when it belongs to one. */
  async function classBar() {
    const { course, mine } = element.dataset;
    if (!course) return () => {};
    return (await import("./classbar.js")).mountClassBar(place("class"), context, { course, mine: mine === "1" });
  }
  const inClass = classBar();
  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (event.key !== "Escape" || event.defaultPrevented || ui.get().dialog) return;
    if (ui.get().selected) context.select(null);
    else if (ui.get().drawer) ui.set({ drawer: "" });
  }

  arrange();
  const undo = [
    ui.subscribe(arrange),
    ui.subscribe((now, old) => {
      if (now.guide === old.guide) return;
      void guided.then((end) => end());
      guided = guide();
    }),
    () => void guided.then((end) => end()),
    () => void inClass.then((end) => end()),
    store.subscribe(({ removed, reset }) => (reset || removed.some((thin) => thin.uid === ui.get().selected)) && arrange()),
    ...Object.entries(VIEWS).map(([name, mountView]) => mountView(place(name), context)),
    mountDialogs(place("dialogs"), context),
    mountCreate(place("dialogs"), context),
    mountCommands(place("dialogs"), context),
    mountShare(place("dialogs"), context),
    keepFocus(element, { sources: [(wake) => ui.subscribe(wake), (wake) => store.subscribe(({ reset, removed }) => (reset || removed.length) && wake())], otherwise: () => element.querySelector("canvas") }),
  ];
  element.addEventListener("keydown", onKey);
  return () => {
    element.removeEventListener("keydown", onKey);
    undo.reverse().forEach((step) => step());
    element.replaceChildren();
  };
}
