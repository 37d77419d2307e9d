/** Keeps an element showing what a view says. "A view mounts and returns its undo." */

import { nothing, render } from "lit";

/** A view that takes long is rendered so much less often: over a big cluster the picture comes first. */
const REST = 10;

/** @typedef {(wake: () => void) => (() => void)} Source something that calls `wake` when the view may differ; gives its undo */

/**
 * Render `view` into `element` now, and at most once per `everyMs` after a source woke it.
 * @param {HTMLElement} element
 * @param {() => unknown} view
 * @param {{sources: Source[], everyMs?: number}} options
 * @returns {() => void} undo
 */
export function mount(element, view, { sources, everyMs = 0 }) {
  let timer = 0;
  let over = false;
  let rest = 0;
  const paint = () => {
    timer = 0;
    const started = performance.now();
    if (!over) render(view(), element);
    rest = (performance.now() - started) * REST;
  };
  const wake = () => {
    if (timer || over) return;
    timer = everyMs ? window.setTimeout(paint, Math.max(everyMs, rest)) : requestAnimationFrame(paint);
  };
  paint();
  const undo = sources.map((source) => source(wake));
  return () => {
    over = true;
    undo.forEach((step) => step());
    render(nothing, element);
  };
}

/** @param {import("../context.js").Context} context @returns {Source[]} wakes on every change of the cluster or the page's state */
export const both = ({ store, ui }) => [(wake) => store.subscribe(wake), (wake) => ui.subscribe(wake)];

/** @param {number} ms @returns {Source} */
export const everySoOften = (ms) => (wake) => {
  const timer = setInterval(wake, ms);
  return () => clearInterval(timer);
};
