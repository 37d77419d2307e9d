/**
 * A traced request as steps to read and as a way through the picture. Pure.
 *
 * @typedef {{kind: string, text: string, seconds: number, node?: string, pod?: string, service?: string, bad?: boolean, details: string[]}} Step
 * @typedef {{step: number, node?: string, pod?: string, service?: string, back?: boolean}} Stop a place on
 * the way, without any: outside; `back`: nothing happens there any more
 * @typedef {{target: string, outcome: string, steps: Step[], way: Stop[], at: number, run: number}} Shown what the picture
 * shows: `at` is the step in hand, -1 while the whole request travels; `run` tells one showing from the next
 */

const FAILED = /^(refused|timeout|unreachable|denied)$/;

/** @param {any} hop @returns {string[]} */
function details(hop) {
  const facts = hop.facts ?? {};
  const rules = (facts.rules ?? []).map((/** @type {any} */ one) => `${one.rule}${one.draw === undefined ? "" : `  # ${Number(one.draw).toFixed(3)}`}`);
  const answers = (facts.answers ?? []).map((/** @type {any} */ one) => (Array.isArray(one) ? one.join(" ") : String(one)));
  const policies = (facts.policies ?? []).map((/** @type {any} */ one) => (typeof one === "string" ? one : JSON.stringify(one)));
  const way = (facts.hops ?? []).map((/** @type {any} */ one) => String(one.text ?? ""));
  return [...way, ...rules, ...answers, ...policies];
}

/** @param {any} hop @returns {Step} */
const stepOf = (hop) => ({
  kind: String(hop.kind ?? ""),
  text: String(hop.text ?? ""),
  seconds: Number(hop.seconds) || 0,
  node: hop.node,
  pod: hop.pod,
  service: hop.facts?.service ? String(hop.facts.service).split(":")[0] : undefined,
  bad: FAILED.test(hop.facts?.failure ?? "") || hop.facts?.verdict === "denied" || hop.kind === "failure",
  details: details(hop),
});

/** @param {Step} step @returns {Stop} */
const placeOf = ({ node, pod, service }) => (pod ? { step: 0, pod } : service ? { step: 0, service } : { step: 0, node });

/** The places on the way. A DNS question comes back with its answer before anything is sent. @param {Step[]} steps @returns {Stop[]} */
export function wayOf(steps) {
  const home = steps.length ? placeOf(steps[0]) : undefined;
  return steps.flatMap((step, index) => {
    if (step.kind === "failure") return [];
    const place = { ...placeOf(step), step: index };
    return step.kind === "dns" && home ? [place, { ...home, step: index, back: true }] : [place];
  });
}

/** @param {any} result of `trace/` @param {number} run @returns {Shown} */
export function shown(result, run) {
  const steps = (Array.isArray(result?.hops) ? result.hops : []).map(stepOf);
  return { target: String(result?.target ?? ""), outcome: String(result?.outcome ?? ""), steps, way: wayOf(steps), at: -1, run };
}

/** Whether what came over the wire can be shown. @param {any} value @returns {value is Shown} */
export const isShown = (value) => !!value && Array.isArray(value.steps) && Array.isArray(value.way) && Number.isInteger(value.at) && value.way.every((/** @type {any} */ stop) => Number.isInteger(stop?.step) && stop.step < value.steps.length);
