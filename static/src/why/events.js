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

/**
 * A static pod's kubelet knows it by its manifest's hash, and so do the events.
 *
 * @param {{uid?: string} | undefined} about
 */
const byHash = (about) => Boolean(about?.uid) && !about?.uid?.includes("-");

/** @param {Thin} event @param {{k: string, ns?: string, name: string, uid: string}} one */
export function isAbout({ about }, one) {
  return about?.uid === one.uid || (byHash(about) && about?.kind === one.k && about?.name === one.name && about?.ns === one.ns);
}

/** The object that the event is about, when it is known. @param {import("../context.js").Context} context @param {Thin} event @returns {Thin | undefined} */
export function subject({ store }, event) {
  const { about } = event;
  if (!about?.uid) return undefined;
  return byHash(about) ? store.named(about.kind, about.ns, about.name) : store.byUid(about.uid);
}

/** @param {import("../context.js").Context} context @param {{k: string, ns?: string, name: string, uid: string}} one @returns {Promise<Thin[]>} */
export async function eventsAbout({ api }, one) {
  const where = one.ns ? `api/v1/namespaces/${encodeURIComponent(one.ns)}/events` : "api/v1/events";
  const list = await api.kube(`${where}?fieldSelector=${encodeURIComponent(`involvedObject.kind=${one.k},involvedObject.name=${one.name}`)}`);
  const found = /** @type {Thin[]} */ ((list.items ?? []).map(thinEvent)).filter((event) => isAbout(event, one));
  return found.map((event) => ({ ...event, about: /** @type {Thin["about"]} */ ({ ...event.about, uid: one.uid }) }));
}
