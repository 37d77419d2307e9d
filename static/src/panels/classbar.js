/** What a class says to somebody at a cluster: timer, freeze, the teacher's cluster to follow, hints, a wish to take over. */

import { html, nothing } from "lit";
import { listenToCourse, timeLeft } from "../course.js";
import { t } from "../i18n/index.js";
import { createState } from "../state.js";
import { everySoOften, mount } from "../ui/mount.js";

/** @typedef {{id: number, text: string}} Hint */

/** @param {HTMLElement} element @param {import("../context.js").Context} context @param {{course: string, mine: boolean}} place `mine`: whose cluster it is @returns {() => void} undo */
export function mountClassBar(element, context, { course, mine }) {
  const { api, cluster } = context;
  const base = `/api/v1/clusters/${encodeURIComponent(cluster)}`;
  const ui = createState({ state: /** @type {any} */ (null), hints: /** @type {Hint[]} */ ([]), wish: /** @type {{share: number, by: string} | null} */ (null) });

  /** @param {() => Promise<unknown>} act */
  async function attempt(act) {
    try {
      await act();
    } catch (error) {
      context.toast({ tone: "bad", text: error instanceof Error ? error.message : String(error) });
    }
  }

  /** @param {Hint} hint */
  const seen = (hint) => attempt(async () => {
    await api.call("POST", `${base}/hints/${hint.id}/seen/`);
    ui.set({ hints: ui.get().hints.filter((one) => one.id !== hint.id) });
  });
  /** @param {boolean} granted */
  const answer = (granted) => attempt(async () => {
    const { wish } = ui.get();
    ui.set({ wish: null });
    await api.call("POST", `${base}/shares/${wish?.share}/`, { granted });
  });
  const fork = () => attempt(async () => {
    const made = await api.fork({ name: `my-${cluster}`.slice(0, 58), revision: context.store.state.revision ?? 0 });
    location.assign(`/clusters/${encodeURIComponent(made.name)}/`);
  });

  /** @param {any} state */
  function lines(state) {
    const left = timeLeft(state.timer_ends);
    return [
      left ? html`<span class="classbar-timer">${t("class.timeLeft")} <strong class="number">${left}</strong></span>` : nothing,
      state.frozen ? html`<strong class="tone-warn">${t("class.frozen")}</strong>` : nothing,
      state.broadcast && state.broadcast !== cluster ? html`<a class="button" href="/clusters/${encodeURIComponent(state.broadcast)}/">${t("class.follow")}</a>` : nothing,
      state.broadcast === cluster && !mine ? html`<span>${t("class.following")}</span><button class="button" type="button" @click=${fork}>${t("class.fork")}</button>` : nothing,
      state.exercise && mine && !context.ui.get().guide ? html`<button class="button" type="button" @click=${() => context.ui.set({ guide: { kind: "exercise", slug: state.exercise } })}>${t("class.exercise")}</button>` : nothing,
    ].filter((line) => line !== nothing);
  }

  function view() {
    const { state, hints, wish } = ui.get();
    const said = state ? lines(state) : [];
    element.hidden = !said.length && !hints.length && !wish;
    return html`${said}
      ${wish ? html`<div class="classbar-note" role="alertdialog" aria-label=${t("class.wish")}><span>${t("class.wishBy", { name: wish.by })}</span>
        <button class="button button-primary" type="button" @click=${() => answer(true)}>${t("class.allow")}</button><button class="button" type="button" @click=${() => answer(false)}>${t("class.refuse")}</button></div>` : nothing}
      ${hints.map((hint) => html`<div class="classbar-note" role="status"><strong>${t("class.hint")}</strong> <span>${hint.text}</span><button class="button" type="button" @click=${() => seen(hint)}>${t("class.seen")}</button></div>`)}`;
  }

  const close = listenToCourse({
    course,
    onNews(news) {
      if (news.type === "course") ui.set({ state: news });
      else if (news.cluster !== cluster || !mine) return;
      else if (news.type === "hint") ui.set({ hints: [...ui.get().hints, news] });
      else if (news.type === "take-over" && news.share) ui.set({ wish: { share: news.share, by: news.by } });
    },
  });
  /** What was hinted and asked while nobody looked; what has been heard in the meantime stays. */
  const catchUp = () => attempt(async () => {
    /** @type {[Hint[], Array<{id: number, username: string, granted: boolean}>]} */
    const [hints, shares] = await Promise.all([api.call("GET", `${base}/hints/`), api.call("GET", `${base}/shares/`)]);
    const heard = ui.get().hints.filter((hint) => !hints.some((one) => one.id === hint.id));
    const asked = shares.find((share) => !share.granted);
    ui.set({ hints: [...hints, ...heard], wish: ui.get().wish ?? (asked ? { share: asked.id, by: asked.username } : null) });
  });
  if (mine) void catchUp();
  const undo = mount(element, view, { sources: [(wake) => ui.subscribe(wake), (wake) => context.ui.subscribe(wake), everySoOften(1000)] });
  return () => {
    close();
    undo();
  };
}
