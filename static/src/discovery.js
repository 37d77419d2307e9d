/** Which kinds this cluster serves, custom ones too, from its discovery documents. */

/**
 * @typedef {object} Served
 * @property {string} id "deployments.apps", as kubectl names it
 * @property {string} group "" for the core
 * @property {string} kind
 * @property {string} plural
 * @property {boolean} namespaced
 * @property {string} base "apis/apps/v1"
 */

const ACCEPT = { Accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" };

/** @param {any} list @param {"api" | "apis"} root @returns {Served[]} */
export function served(list, root) {
  return (list.items ?? []).flatMap((/** @type {any} */ item) => {
    const group = item.metadata?.name ?? "";
    const version = item.versions?.[0];
    const base = root === "api" ? `api/${version?.version}` : `apis/${group}/${version?.version}`;
    const listed = (version?.resources ?? []).filter((/** @type {any} */ one) => one.verbs?.includes("list"));
    return listed.map((/** @type {any} */ one) => ({
      id: group ? `${one.resource}.${group}` : one.resource,
      group,
      kind: one.responseKind?.kind ?? one.resource,
      plural: one.resource,
      namespaced: one.scope === "Namespaced",
      base,
    }));
  });
}

/** @param {import("./api.js").Api} api */
export async function discover(api) {
  const [core, groups] = await Promise.all([api.kube("api", ACCEPT), api.kube("apis", ACCEPT)]);
  return [...served(core, "api"), ...served(groups, "apis")];
}
