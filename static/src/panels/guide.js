/** The guide beside a cluster: the lesson or the exercise it was made for, with what is already done. Loaded when named in the address. */

import { html, nothing } from "lit";
import { t } from "../i18n/index.js";
import { createState } from "../state.js";
import { icon } from "../ui/icons.js";
import { mount } from "../ui/mount.js";
import { prose } from "../ui/prose.js";

/**
 * @typedef {{name: string, title: string, ok: boolean, message: string}} Looked
 * @typedef {{name: string, title: string, text: string, hint: string, solution: string, solved: boolean, checks: Looked[]}} Step
 * @typedef {{question: string, options: string[], answer: number, why?: string}} Question
 * @typedef {{slug: string, title: string, text: string, steps: Step[], solved: number, quiz: Question[]}} Lesson
 */

/** How long changes of the cluster are gathered before the checks are asked for again. */
const LOOK_AFTER_MS = 700;

/** What the picture does not draw (a quota, a secret) is not heard of: it is looked for so often while steps are open. */
const LOOK_EVERY_MS = 5000;

/** @param {Looked} check */
const checkLine = (check) => html`<li><span class=${check.ok ? "tone-ok" : "muted"} aria-hidden="true">${check.ok ? "✓" : "○"}</span>
  <span><span class="visually-hidden">${t(check.ok ? "guide.done" : "guide.open")}:</span> ${check.title}${check.ok || !check.message ? nothing : html` <small>${check.message}</small>`}</span></li>`;

/** @param {string} summary @param {unknown} inside */
const folded = (summary, inside) => html`<details><summary>${summary}</summary>${inside}</details>`;

/** @param {Step} step @param {number} index */
const stepView = (step, index) => html`<section class="guide-step ${step.solved ? "guide-step-solved" : ""}" aria-labelledby="guide-step-${index}">
  <h3 id="guide-step-${index}"><span>${index + 1}. ${step.title}</span>${step.solved ? html`<span class="tone-ok">✓ <span class="visually-hidden">${t("guide.done")}</span></span>` : nothing}</h3>
  <div class="prose">${prose(step.text)}</div>
  <ul class="learn-checks">${step.checks.map(checkLine)}</ul>
  ${step.hint && !step.solved ? folded(t("guide.hint"), html`<p>${prose(step.hint)}</p>`) : nothing}
  ${folded(t("guide.solution"), html`<div class="prose"><pre tabindex="0"><code>${step.solution}</code></pre></div>`)}
</section>`;

/** @param {Lesson} lesson @param {Record<number, number>} answers @param {(question: number, option: number) => void} choose */
const quizView = (lesson, answers, choose) => html`<h3>${t("guide.questions")}</h3>
  ${lesson.quiz.map(
    (each, index) => html`<fieldset><legend>${each.question}</legend>
      ${each.options.map((option, number) => html`<label><input type="radio" name="guide-question-${index}" ?checked=${answers[index] === number} @change=${() => choose(index, number)} />${option}</label>`)}
      ${index in answers ? html`<p role="status" class=${answers[index] === each.answer ? "tone-ok" : "tone-bad"}>${answers[index] === each.answer ? t("guide.right") : t("guide.wrong")}${each.why && answers[index] === each.answer ? html`: ${each.why}` : nothing}</p>` : nothing}
    </fieldset>`,
  )}`;

/** @param {any} exercise @param {any} answer @param {boolean} busy @param {() => void} handIn */
const exerciseView = (exercise, { verdict, texts, message }, busy, handIn) => html`<div class="prose">${prose(exercise.descriptionHtml)}</div>
  <ul class="learn-checks">${exercise.checks.map((/** @type {any} */ check) => checkLine(outcome(check, verdict, texts)))}</ul>
  ${verdict ? html`<p class="verdict ${verdict.passed ? "verdict-passed" : "verdict-failed"}" role="status"><strong>${t(verdict.passed ? "guide.passed" : "guide.failed")}</strong> ${t("guide.points", { n: verdict.points, most: verdict.maxPoints })}</p>
    ${message ? html`<p>${message}</p>` : nothing}` : nothing}
  ${exercise.forms.includes("cluster")
    ? html`<button class="button button-primary" type="button" ?disabled=${busy} @click=${handIn}>${t(busy ? "guide.grading" : "guide.handIn")}</button>`
    : html`<p><a class="button" href="/exercises/${exercise.name}/">${t("guide.handInThere")}</a></p>`}`;

/** What the verdict says of a check, in the page's language; before the first hand-in nothing. @param {{name: string, title: string}} check @param {any} verdict @param {any} texts @returns {Looked} */
function outcome(check, verdict, texts) {
  const found = verdict?.checks.find((/** @type {any} */ each) => each.name === check.name);
  return { ...check, ok: !!found?.passed, message: texts?.[check.name]?.message ?? "" };
}

/** @param {HTMLElement} element @param {import("../context.js").Context} context @returns {() => void} undo */
export function mountGuide(element, context) {
  const { api, ui: page, store } = context;
  const { kind, slug } = /** @type {{kind: "lesson" | "exercise", slug: string}} */ (page.get().guide);
  const url = kind === "lesson" ? `/api/v1/lessons/${slug}/?cluster=${encodeURIComponent(context.cluster)}` : `/api/v1/exercises/${slug}/`;
  const ui = createState({ found: /** @type {any} */ (null), answer: /** @type {any} */ ({}), problem: "", busy: false, answers: /** @type {Record<number, number>} */ ({}) });

  async function look() {
    try {
      ui.set({ found: await api.call("GET", url), problem: "" });
    } catch (error) {
      ui.set({ problem: error instanceof Error ? error.message : String(error) });
    }
  }

  async function handIn() {
    ui.set({ busy: true, problem: "" });
    try {
      let answer = await api.call("POST", `/api/v1/exercises/${slug}/submissions/`, { cluster: context.cluster });
      while (answer.state === "queued") answer = await api.call("GET", `${answer.status}?wait=5`);
      ui.set({ answer, problem: answer.problem });
    } catch (error) {
      ui.set({ problem: error instanceof Error ? error.message : String(error) });
    }
    ui.set({ busy: false });
  }

  const choose = (/** @type {number} */ question, /** @type {number} */ option) => ui.set({ answers: { ...ui.get().answers, [question]: option } });

  function body() {
    const { found, answer, busy, answers } = ui.get();
    if (!found) return html`<p class="loading" role="status">${t("guide.loading")}</p>`;
    if (kind === "exercise") return exerciseView(found, answer, busy, handIn);
    return html`<div class="prose">${prose(found.text)}</div>${found.steps.map(stepView)}${found.quiz.length ? quizView(found, answers, choose) : nothing}`;
  }

  function view() {
    const { found, problem } = ui.get();
    return html`<div class="guide-head"><h2>${found?.title ?? ""}</h2>
        <button class="button button-quiet button-icon" type="button" aria-label=${t("guide.close")} title=${t("guide.close")} @click=${() => page.set({ guide: null })}>${icon("close")}</button></div>
      ${kind === "lesson" && found ? html`<progress class="guide-progress" aria-label=${t("guide.progress", { n: found.solved, most: found.steps.length })} .value=${found.solved} max=${found.steps.length}></progress>` : nothing}
      <div class="guide-body">${problem ? html`<p class="problem" role="alert">${problem}</p>` : nothing}${body()}</div>`;
  }

  let timer = 0;
  const soon = () => {
    if (kind === "lesson" && !timer) timer = window.setTimeout(() => ((timer = 0), void look()), LOOK_AFTER_MS);
  };
  const isOpen = () => kind === "lesson" && ui.get().found?.solved < ui.get().found?.steps.length;
  const ticking = window.setInterval(() => !document.hidden && isOpen() && soon(), LOOK_EVERY_MS);
  const undo = [mount(element, view, { sources: [(wake) => ui.subscribe(wake)] }), store.subscribe(soon)];
  void look();
  return () => {
    clearTimeout(timer);
    clearInterval(ticking);
    undo.forEach((step) => step());
  };
}
