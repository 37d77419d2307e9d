/** The class wall: all students with their clusters, live, and what a teacher does with a class. */

import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { listenToCourse, timeLeft } from "../course.js";
import { t } from "../i18n/index.js";
import { createState } from "../state.js";
import { everySoOften, mount } from "../ui/mount.js";
import { pictureView } from "./wallpicture.js";

/**
 * @typedef {import("../api.js").Api} Api
 * @typedef {{passed: number, total: number, checks: Array<{name: string, ok: boolean}>}} Progress
 * @typedef {{name: string, picture: import("./wallpicture.js").Picture | null, progress: Progress | null, take_over: string}} Card
 * @typedef {{id: number, name: string, username: string, clusters: Card[]}} Student
 */

/** @param {FormData} form @param {string} name */
const read = (form, name) => String(form.get(name) ?? "").trim();

/** @param {Progress} progress @param {Record<string, string>} titles of the checks, in the page's language */
const progressView = ({ passed, total, checks }, titles) => html`<div class="wall-progress">
  <progress max=${total} .value=${passed} aria-label=${t("wall.progress", { n: passed, most: total })}></progress>
  <span>${passed}/${total}</span>
  <details><summary>${t("wall.checks")}</summary><ul class="learn-checks">${checks.map((check) => html`<li><span class=${check.ok ? "tone-ok" : "muted"} aria-hidden="true">${check.ok ? "✓" : "○"}</span><span><span class="visually-hidden">${t(check.ok ? "guide.done" : "guide.open")}:</span> ${titles[check.name] ?? check.name}</span></li>`)}</ul></details>
</div>`;

/** @param {HTMLElement} element @param {{api: Api, course: string, own: string[]}} options `own`: the teacher's clusters @returns {() => void} undo */
export function mountWall(element, { api, course, own }) {
  const base = `/api/v1/courses/${encodeURIComponent(course)}`;
  const ui = createState({
    state: /** @type {any} */ (null),
    students: /** @type {Student[] | null} */ (null),
    exercises: /** @type {Array<{name: string, title: string, checks: Array<{name: string, title: string}>}>} */ ([]),
    live: false,
    hinting: "",
    said: "",
    bad: false,
    results: /** @type {Array<{cluster: string, ok: boolean, message: string}>} */ ([]),
  });

  /** @param {() => Promise<string>} act does it and answers what to say */
  async function attempt(act) {
    try {
      ui.set({ said: await act(), bad: false });
    } catch (error) {
      ui.set({ said: error instanceof Error ? error.message : String(error), bad: true });
    }
  }

  /** Of the checks of the class's exercise. @returns {Record<string, string>} */
  function titles() {
    const { exercises, state } = ui.get();
    const chosen = exercises.find((each) => each.name === state?.exercise);
    return Object.fromEntries((chosen?.checks ?? []).map((each) => [each.name, each.title]));
  }

  /** @param {string} what @param {object} body @param {string} said */
  const post = (what, body, said) => attempt(async () => (await api.call("POST", `${base}/${what}/`, body), said));

  /** @param {(form: FormData) => unknown} act @returns {(event: SubmitEvent) => void} */
  const submitted = (act) => (event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    act(new FormData(form));
  };

  const setTimer = submitted((form) => post("timer", { seconds: Number(read(form, "minutes")) * 60 }, t("wall.said.timer")));
  /** @param {string} cluster */
  const hint = (cluster) => submitted((form) => {
    ui.set({ hinting: "" });
    return post(`clusters/${encodeURIComponent(cluster)}/hints`, { text: read(form, "text") }, t("wall.said.hint"));
  });
  const push = submitted((form) =>
    attempt(async () => {
      const command = read(form, "command");
      const wanted = command ? { command, args: read(form, "node") ? { node: read(form, "node") } : {} } : { manifests: String(form.get("manifests") ?? "") };
      const results = await api.call("POST", `${base}/push/`, wanted);
      ui.set({ results });
      return t("wall.said.push", { n: results.filter((/** @type {any} */ each) => each.ok).length, most: results.length });
    }),
  );
  /** @param {string[]} clusters none: one of each student */
  const collect = (clusters = []) =>
    attempt(async () => {
      /** @type {Array<{student: string, cluster: string, submission: string | null, problem: string}>} */
      const collected = await api.call("POST", `${base}/collect/`, clusters.length ? { clusters } : {});
      const without = collected.filter((each) => !each.submission);
      ui.set({ results: without.map((each) => ({ cluster: each.student, ok: false, message: t("wall.noCluster") })) });
      return t("wall.said.collect", { n: collected.length - without.length });
    });

  const exerciseField = () => html`<label class="wall-field"><span>${t("wall.exercise")}</span>
    <select @change=${(/** @type {Event} */ event) => post("exercise", { exercise: /** @type {HTMLSelectElement} */ (event.target).value }, t("wall.said.exercise"))}>
      <option value="" ?selected=${!ui.get().state?.exercise}>${t("wall.none")}</option>
      ${ui.get().exercises.map((each) => html`<option value=${each.name} ?selected=${ui.get().state?.exercise === each.name}>${each.title}</option>`)}
    </select></label>`;

  const broadcastField = () => html`<label class="wall-field"><span>${t("wall.broadcast")}</span>
    <select @change=${(/** @type {Event} */ event) => post("broadcast", { cluster: /** @type {HTMLSelectElement} */ (event.target).value }, t("wall.said.broadcast"))}>
      <option value="" ?selected=${!ui.get().state?.broadcast}>${t("wall.nothing")}</option>
      ${own.map((name) => html`<option value=${name} ?selected=${ui.get().state?.broadcast === name}>${name}</option>`)}
    </select></label>`;

  function timerField() {
    const left = timeLeft(ui.get().state?.timer_ends);
    if (left) return html`<div class="wall-field wall-timer"><strong class="number">${left}</strong>
      <button class="button" type="button" @click=${() => post("timer", { seconds: null }, t("wall.said.noTimer"))}>${t("wall.stop")}</button></div>`;
    return html`<form class="wall-field wall-timer" @submit=${setTimer}><label><span>${t("wall.timer")}</span><input name="minutes" type="number" min="1" max="600" required value="10" /></label>
      <button class="button" type="submit">${t("wall.start")}</button></form>`;
  }

  const pushView = () => html`<details class="wall-push"><summary>${t("wall.push")}</summary>
    <form class="form" @submit=${push}>
      <label class="field"><span>${t("wall.manifests")}</span><textarea name="manifests" rows="8" spellcheck="false"></textarea></label>
      <div class="wall-fault"><label class="field"><span>${t("wall.fault")}</span><select name="command">
          ${["", "kill-node", "revive-node", "cordon", "uncordon", "drain-node", "add-node"].map((name) => html`<option value=${name}>${name || t("wall.none")}</option>`)}</select></label>
        <label class="field"><span>${t("wall.node")}</span><input name="node" autocomplete="off" spellcheck="false" /></label></div>
      <div class="form-buttons"><button class="button button-primary" type="submit">${t("wall.pushAll")}</button></div>
    </form>
  </details>`;

  const results = () => html`<ul class="wall-results">${ui.get().results.map((each) => html`<li class=${each.ok ? "" : "tone-bad"}><strong>${each.cluster}</strong> ${each.message}</li>`)}</ul>`;

  const bar = () => html`<section class="wall-bar" aria-label=${t("wall.actions")}>
    ${exerciseField()} ${broadcastField()} ${timerField()}
    <button class="button" type="button" aria-pressed=${!!ui.get().state?.frozen} @click=${() => post("freeze", { frozen: !ui.get().state?.frozen }, t("wall.said.freeze"))}>${t(ui.get().state?.frozen ? "wall.thaw" : "wall.freeze")}</button>
    <button class="button" type="button" ?disabled=${!ui.get().state?.exercise} @click=${() => collect()}>${t("wall.collect")}</button>
  </section>`;

  /** @param {Card} card @param {Student} student */
  const cluster = (card, student) => html`<section class="wall-cluster" aria-label="${student.name}: ${card.name}">
    <h3><a href="/clusters/${encodeURIComponent(card.name)}/">${card.name}</a></h3>
    ${pictureView(card.picture)} ${card.progress ? progressView(card.progress, titles()) : nothing}
    <div class="wall-buttons">
      <button class="button" type="button" aria-expanded=${ui.get().hinting === card.name} @click=${() => ui.set({ hinting: ui.get().hinting === card.name ? "" : card.name })}>${t("wall.hint")}</button>
      <button class="button" type="button" ?disabled=${card.take_over !== ""} @click=${() => post(`clusters/${encodeURIComponent(card.name)}/take-over`, {}, t("wall.said.takeOver"))}>${t(`wall.takeOver.${card.take_over || "ask"}`)}</button>
      <button class="button" type="button" ?disabled=${!ui.get().state?.exercise} @click=${() => collect([card.name])}>${t("wall.grade")}</button>
    </div>
    ${ui.get().hinting === card.name ? html`<form class="wall-hint" @submit=${hint(card.name)}><label class="field"><span>${t("wall.hintFor", { name: student.name })}</span><textarea name="text" rows="3" required maxlength="2000"></textarea></label><button class="button button-primary" type="submit">${t("wall.send")}</button></form>` : nothing}
  </section>`;

  /** @param {Student} student */
  const studentView = (student) => html`<li class="wall-student"><h2>${student.name}</h2>
    ${student.clusters.length ? student.clusters.map((card) => cluster(card, student)) : html`<p class="muted">${t("wall.noCluster")}</p>`}</li>`;

  function view() {
    const { state, students, said, bad, live } = ui.get();
    return html`<header class="wall-head"><h1>${state?.name ?? ""}</h1><p class="connection ${live ? "connection-live" : ""}"><span class="connection-dot" aria-hidden="true"></span>${t(live ? "wall.live" : "wall.connecting")}</p></header>
      ${bar()} ${pushView()}
      <p class=${bad ? "problem" : "wall-said"} role="status">${said}</p>
      ${ui.get().results.length ? results() : nothing}
      ${students?.length === 0 ? html`<p class="muted">${t("wall.nobody")}</p>` : nothing}
      <ul class="wall">${repeat(students ?? [], (student) => student.id, studentView)}</ul>`;
  }

  const close = listenToCourse({
    course,
    onLive: (live) => ui.set({ live }),
    onNews(news) {
      if (news.type === "course") ui.set({ state: news });
      else if (news.type === "wall") ui.set({ students: news.students });
      else if (news.type === "take-over") ui.set({ said: t(news.granted ? "wall.said.granted" : "wall.said.refused", { name: news.cluster }), bad: false });
      else if (news.type === "gone") ui.set({ said: news.reason, bad: true });
    },
  });
  void attempt(async () => (ui.set({ exercises: await api.call("GET", "/api/v1/exercises/") }), ""));
  const undo = mount(element, view, { sources: [(wake) => ui.subscribe(wake), everySoOften(1000)] });
  return () => {
    close();
    undo();
  };
}
