/** What of the page stands in its address, so that a link shows another person the same. */

const KEPT = ["drawer", "kind", "q", "ns", "object", "lesson", "exercise", "revision"];

/** @returns {Record<string, string>} */
export const readAddress = () => Object.fromEntries([...new URLSearchParams(location.search)].filter(([key]) => KEPT.includes(key)));

/** @param {Record<string, string>} values "" takes one out */
export function keepInAddress(values) {
  const url = new URL(location.href);
  for (const [key, value] of Object.entries(values)) {
    if (value) url.searchParams.set(key, value);
    else url.searchParams.delete(key);
  }
  if (url.href !== location.href) history.replaceState(history.state, "", url);
}

/** Open what the address names, and keep it up to date. @param {import("./context.js").Context} context @returns {() => void} undo */
export function followAddress({ ui }) {
  const { drawer, ns, lesson, exercise, revision } = readAddress();
  if (revision) ui.set({ timeline: true });
  if (lesson) ui.set({ guide: { kind: "lesson", slug: lesson }, outline: false });
  else if (exercise) ui.set({ guide: { kind: "exercise", slug: exercise }, outline: false });
  if (ns) ui.set({ namespace: ns });
  if (["yaml", "explorer", "logs", "events", "charts", "network", "etcd", "terminal"].includes(drawer)) ui.set({ drawer: /** @type {any} */ (drawer) });
  return ui.subscribe((now, old) => {
    if (old.timeline && !now.timeline) keepInAddress({ revision: "" });
    if (old.guide && !now.guide) keepInAddress({ lesson: "", exercise: "" });
    if (now.drawer !== old.drawer || now.namespace !== old.namespace) keepInAddress({ drawer: now.drawer, ns: now.namespace });
  });
}
