/** The command palette (Ctrl-K): finds every action and every object by typing. A combobox over a list, as ARIA describes it. */

import { html, nothing } from "lit";
import { actionsFor, pageActions } from "../actions.js";
import { healthOf } from "../health.js";
import { t } from "../i18n/index.js";
import { mount } from "../ui/mount.js";

/** @typedef {import("../context.js").Context} Context @typedef {{label: string, hint: string, run: () => unknown}} Command */

const MOST = 40;
const FOUND_KINDS = ["Node", "Deployment", "StatefulSet", "DaemonSet", "Job", "Service", "Component", "ReplicaSet", "Pod"];

/** Letters in order, the tighter the better; Infinity: no match. @param {string} text @param {string} query */
export function score(text, query) {
  const whole = text.toLowerCase();
  const direct = whole.indexOf(query);
  if (direct >= 0) return direct;
  let at = -1;
  let gaps = 100;
  for (const letter of query) {
    const next = whole.indexOf(letter, at + 1);
    if (next < 0) return Infinity;
    gaps += next - at - 1;
    at = next;
  }
  return gaps;
}

/** @param {Context} context @returns {Command[]} */
function all(context) {
  const { store, ui } = context;
  const selected = ui.get().selected ? store.byUid(/** @type {string} */ (ui.get().selected)) : undefined;
  const about = selected ? actionsFor(context, selected).map((one) => ({ label: `${one.label} ${selected.name}`, hint: one.line ?? selected.k, run: one.run })) : [];
  const page = pageActions(context).map((one) => ({ label: one.label, hint: one.line ?? "", run: one.run }));
  const objects = FOUND_KINDS.flatMap((kind) => store.all(kind).map((thin) => ({ label: `${kind} ${thin.name}`, hint: healthOf(thin).word, run: () => context.select(thin.uid) })));
  return [...about, ...page, ...objects];
}

/** @param {Command[]} commands @param {string} query */
export function search(commands, query) {
  const wanted = query.trim().toLowerCase();
  if (!wanted) return commands.slice(0, MOST);
  const ranked = commands.map((command) => ({ command, rank: score(command.label, wanted) })).filter(({ rank }) => rank < Infinity);
  return ranked.sort((a, b) => a.rank - b.rank).slice(0, MOST).map(({ command }) => command);
}

/** @param {HTMLElement} element @param {Context} context @returns {() => void} undo */
export function mountCommands(element, context) {
  const { ui } = context;
  const dialog = document.createElement("dialog");
  dialog.className = "dialog commands";
  dialog.setAttribute("aria-label", t("commands.label"));
  element.append(dialog);
  let query = "";
  let at = 0;
  let wakeUp = () => {};
  /** @type {Command[]} */
  let shown = [];

  const close = () => ui.get().dialog === "commands" && ui.set({ dialog: "" });
  /** @param {Command} command */
  const run = (command) => {
    close();
    command.run();
  };

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter" && shown[at]) run(shown[at]);
    else if (step && shown.length) at = (at + step + shown.length) % shown.length;
    else return;
    event.preventDefault();
    wakeUp();
    requestAnimationFrame(() => dialog.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" }));
  }

  /** @param {InputEvent} event */
  function onInput(event) {
    query = /** @type {HTMLInputElement} */ (event.target).value;
    at = 0;
    wakeUp();
  }

  function view() {
    if (ui.get().dialog !== "commands") return nothing;
    shown = search(all(context), query);
    return html`<input class="commands-input" type="text" role="combobox" aria-expanded="true" aria-controls="commands-list" aria-activedescendant=${shown.length ? `command-${at}` : nothing}
        aria-label=${t("commands.hint")} placeholder=${t("commands.hint")} .value=${query} autocomplete="off" spellcheck="false" autofocus @input=${onInput} @keydown=${onKey} />
      <ul class="commands-list" id="commands-list" role="listbox" aria-label=${t("commands.label")}>
        ${shown.map(
          (command, index) => html`<li class="command" role="option" id="command-${index}" aria-selected=${index === at} @click=${() => run(command)} @pointermove=${() => index !== at && ((at = index), wakeUp())}>
            <span>${command.label}</span><span class="command-hint">${command.hint}</span>
          </li>`,
        )}
      </ul>
      ${shown.length ? nothing : html`<p class="empty-hint pane-pad" role="status">${t("commands.empty")}</p>`}`;
  }

  const show = () => {
    const wanted = ui.get().dialog === "commands";
    if (wanted && !dialog.open) dialog.showModal();
    else if (!wanted && dialog.open) dialog.close();
  };
  /** @param {KeyboardEvent} event */
  const shortcut = (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    ui.set({ dialog: "commands" });
  };
  dialog.addEventListener("close", close);
  document.addEventListener("keydown", shortcut);
  /** @type {import("../ui/mount.js").Source} */
  const own = (wake) => {
    wakeUp = wake;
    return ui.subscribe((now, old) => {
      if (now.dialog === old.dialog) return;
      [query, at] = ["", 0];
      wake();
      requestAnimationFrame(show);
    });
  };
  const undo = mount(dialog, view, { sources: [own] });
  return () => {
    document.removeEventListener("keydown", shortcut);
    undo();
    dialog.remove();
  };
}
