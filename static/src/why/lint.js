/**
 * Common mistakes, found in an object and what it refers to. Each finding is a key of the catalogues with its values. Pure.
 *
 * @typedef {{key: string, values?: Record<string, string | number>}} Finding
 */

/** @param {Record<string, string> | undefined} selector @param {Record<string, string> | undefined} labels */
export const selects = (selector, labels) => !!selector && Object.keys(selector).length > 0 && Object.entries(selector).every(([key, value]) => labels?.[key] === value);

/** @param {any} container @returns {Finding[]} */
function ofContainer(container) {
  const { name, image = "" } = container;
  /** @type {Finding[]} */
  const found = [];
  const requests = container.resources?.requests ?? {};
  if (!requests.cpu && !requests.memory) found.push({ key: "lint.noRequests", values: { name } });
  if (!container.readinessProbe) found.push({ key: "lint.noProbe", values: { name } });
  const tag = image.split("/").at(-1)?.split("@")[0].split(":")[1];
  if (!image.includes("@") && (!tag || tag === "latest")) found.push({ key: "lint.latest", values: { name, image } });
  return found;
}

/** @param {any} spec of a pod @returns {Finding[]} */
export const ofPodSpec = (spec) => (spec?.containers ?? []).flatMap(ofContainer);

/** @param {any} service @param {any[]} pods whole pods of its namespace @returns {Finding[]} */
export function ofService(service, pods) {
  const { selector, ports = [] } = service.spec ?? {};
  if (!selector) return [{ key: "lint.noSelector" }];
  const chosen = pods.filter((pod) => selects(selector, pod.metadata?.labels));
  if (!chosen.length) return [{ key: "lint.matchesNothing", values: { selector: Object.entries(selector).map(([key, value]) => `${key}=${value}`).join(",") } }];
  const open = chosen.flatMap((pod) => (pod.spec?.containers ?? []).flatMap((/** @type {any} */ one) => one.ports ?? []));
  if (!open.length) return [];
  return ports.filter((/** @type {any} */ port) => !open.some((one) => one.containerPort === (port.targetPort ?? port.port) || one.name === port.targetPort)).map((/** @type {any} */ port) => ({ key: "lint.port", values: { port: port.targetPort ?? port.port, open: [...new Set(open.map((one) => one.containerPort))].join(", ") } }));
}

/** @param {any} object @param {any[]} pods @returns {Finding[]} */
export function lint(object, pods) {
  if (object.kind === "Service") return ofService(object, pods);
  if (object.kind === "Pod") return [...((object.metadata?.ownerReferences ?? []).length ? [] : [{ key: "lint.bare" }]), ...ofPodSpec(object.spec)];
  return object.spec?.template?.spec && object.kind !== "CronJob" ? ofPodSpec(object.spec.template.spec) : [];
}
