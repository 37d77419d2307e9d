/**
 * What may stand where, from the cluster's own OpenAPI v3: built-in kinds and custom ones alike. Documents are fetched once
 * per group and version, when first needed.
 *
 * @typedef {Record<string, any>} Schema
 * @typedef {{name: string, schema: Schema, required: boolean}} Property
 * @typedef {ReturnType<typeof createSchemas>} Schemas
 */

const INDEX_MS = 10_000;

/** @param {import("../api.js").Api} api */
export function createSchemas(api) {
  /** @type {Promise<Record<string, {serverRelativeURL: string}>> | undefined} */
  let index;
  let asked = 0;
  /** @type {Map<string, Promise<Record<string, Schema>>>} */
  const documents = new Map();

  /** Asked again now and then: custom kinds come and change while one writes. */
  function paths() {
    if (!index || performance.now() - asked > INDEX_MS) {
      asked = performance.now();
      index = api.kube("openapi/v3").then((answer) => answer.paths ?? {});
      index.catch(() => (index = undefined)); // whoever waits is told; the next one asks anew
    }
    return index;
  }

  /** The schemas of a group and version, {} when there is none. @param {string} apiVersion */
  async function schemasOf(apiVersion) {
    const key = apiVersion.includes("/") ? `apis/${apiVersion}` : `api/${apiVersion}`;
    const entry = (await paths())[key];
    if (!entry) return {};
    const url = entry.serverRelativeURL;
    let found = documents.get(url);
    if (!found) documents.set(url, (found = api.kube(url).then((answer) => answer.components?.schemas ?? {})));
    return found;
  }

  return {
    async versions() {
      return Object.keys(await paths()).filter((key) => /^(api\/v|apis\/.+\/)/.test(key)).map((key) => key.replace(/^apis?\//, ""));
    },
    /** @param {string} apiVersion @returns {Promise<Property[]>} */
    async kinds(apiVersion) {
      const all = Object.values(await schemasOf(apiVersion)).filter((schema) => gvk(schema, apiVersion) && schema.properties?.metadata);
      return all.map((schema) => ({ name: String(gvk(schema, apiVersion)?.kind), schema, required: false })).filter(({ name }) => !name.endsWith("List"));
    },
    /** What stands at a path of an object; undefined: nothing known. @param {{apiVersion: string, kind: string}} object @param {Array<string | number>} path */
    async at({ apiVersion, kind }, path) {
      const all = await schemasOf(apiVersion);
      const root = Object.values(all).find((schema) => gvk(schema, apiVersion)?.kind === kind);
      return root && walk(all, root, path);
    },
    /** @param {{apiVersion: string, kind: string}} object @param {Array<string | number>} path @returns {Promise<Property[]>} */
    async properties(object, path) {
      const found = await this.at(object, path);
      const all = await schemasOf(object.apiVersion);
      return Object.entries(found?.properties ?? {}).map(([name, schema]) => ({ name, schema: resolve(all, schema), required: !!found?.required?.includes(name) }));
    },
  };
}

/** @param {Schema} schema @param {string} apiVersion */
function gvk(schema, apiVersion) {
  /** @type {Array<{group: string, version: string, kind: string}>} */
  const all = schema["x-kubernetes-group-version-kind"] ?? [];
  return all.length === 1 ? all.find(({ group, version }) => (group ? `${group}/${version}` : version) === apiVersion) : undefined;
}

/** A schema with what it refers to; its own description is the nearer one. @param {Record<string, Schema>} all @param {Schema} schema @returns {Schema} */
export function resolve(all, schema) {
  const ref = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0].$ref : undefined);
  if (!ref) return schema;
  const target = all[ref.slice("#/components/schemas/".length)] ?? {};
  return { ...resolve(all, target), ...(schema.description ? { description: schema.description } : {}) };
}

/** @param {Record<string, Schema>} all @param {Schema} root @param {Array<string | number>} path @returns {Schema | undefined} */
export function walk(all, root, path) {
  /** @type {Schema | undefined} */
  let at = resolve(all, root);
  for (const step of path) {
    const next = typeof step === "number" ? at.items : (at.properties?.[step] ?? (typeof at.additionalProperties === "object" ? at.additionalProperties : undefined));
    if (!next) return undefined;
    at = resolve(all, next);
  }
  return at;
}

/** "string", "[]object", "map of string". @param {Schema} schema */
export function typeName(schema) {
  if (schema.type === "array") return `[]${schema.items?.type ?? "object"}`;
  if (schema.oneOf) return schema.oneOf.map((/** @type {Schema} */ one) => one.type).join(" | ");
  return schema.format && schema.type !== "string" ? `${schema.type} (${schema.format})` : (schema.type ?? "object");
}
