/**
 * The events about one object, from the API server: the feed tells the newest of all objects only.
 *
 * @typedef {import("../types.js").Thin} Thin
 */

/** As the feed would tell it. @param {any} event @returns {Thin} */
export function thinEvent(event) {
  const about = event.involvedObject ?? {};
  return {
    k: "Event",
    uid: event.metadata.uid,
    ns: event.metadata.namespace,
    name: event.metadata.name,
    type: event.type,
    reason: event.reason,
    message: event.message,
    count: event.series?.count ?? event.count ?? 1,
    about: { kind: about.kind, ns: about.namespace, name: about.name, uid: about.uid },
    source: event.source?.component || event.reportingComponent || "",
    created: event.metadata.creationTimestamp,
    last: event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp,
  };
}

/** @param {import("../context.js").Context} context @param {string | undefined} ns @param {string} uid @returns {Promise<Thin[]>} */
export async function eventsAbout({ api }, ns, uid) {
  const where = ns ? `api/v1/namespaces/${encodeURIComponent(ns)}/events` : "api/v1/events";
  const list = await api.kube(`${where}?fieldSelector=${encodeURIComponent(`involvedObject.uid=${uid}`)}`);
  return (list.items ?? []).map(thinEvent);
}
