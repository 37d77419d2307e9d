/**
 * Why the API server said no, read out of its own words: quotas with their arithmetic, access rules with the line that
 * would grant it, pod security, limit ranges. Pure.
 *
 * @typedef {{key: string, values: Record<string, string>, rows?: Row[], lines?: string[]}} Denial `rows`: arithmetic; `lines`: what would allow it
 * @typedef {{resource: string, used: string, requested: string, sum: string, limited: string, over: boolean}} Row
 */

const UNITS = /** @type {Record<string, number>} */ ({ n: 1e-9, u: 1e-6, m: 1e-3, "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 });

/** @param {string} text a quantity, "1500m" */
export function amountOf(text) {
  const found = /^([+-]?[\d.]+)([numkKMGTPE]?i?)$/.exec(text.trim());
  return found && found[2] in UNITS ? Number(found[1]) * UNITS[found[2]] : NaN;
}

/** In the unit of the greater one's writing. @param {number} value @param {string} like */
export function written(value, like) {
  const unit = /([numkKMGTPE]?i?)$/.exec(like.trim())?.[1] ?? "";
  const whole = value / (UNITS[unit] ?? 1);
  const smaller = unit === "" && Math.abs(whole - Math.round(whole)) > 1e-9;
  return smaller ? `${Math.round(value * 1000)}m` : `${Math.round(whole * 1000) / 1000}${unit}`;
}

/** "cpu=1,pods=2" @param {string} text */
const amounts = (text) => new Map(text.split(",").map((part) => /** @type {[string, string]} */ (part.trim().split("="))));

/** @param {RegExpExecArray} found @returns {Denial} */
function quota([, name, requested, used, limited]) {
  const [asked, had, most] = [requested, used, limited].map(amounts);
  const rows = [...asked].map(([resource, amount]) => {
    const before = had.get(resource) ?? "0";
    const limit = most.get(resource) ?? "";
    const sum = amountOf(before) + amountOf(amount);
    return { resource, used: before, requested: amount, sum: written(sum, amount), limited: limit, over: sum > amountOf(limit) };
  });
  return { key: "denial.quota", values: { name }, rows };
}

/** "serviceaccounts of a namespace" as kubectl names subjects. @param {string} user */
function subject(user) {
  const account = /^system:serviceaccount:([^:]+):(.+)$/.exec(user);
  return account ? `--serviceaccount=${account[1]}:${account[2]}` : `--user=${quoted(user)}`;
}

/** @param {string} word */
const quoted = (word) => (/^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** What would grant it. @param {{user: string, verb: string, resource: string, group: string, namespace: string}} wanted */
export function grants({ user, verb, resource, group, namespace }) {
  const what = `--verb=${verb} --resource=${quoted(group ? `${resource}.${group}` : resource)}`;
  const name = quoted(`${verb}-${resource.replace("/", "-")}`);
  return namespace
    ? [`kubectl create role ${name} ${what} -n ${quoted(namespace)}`, `kubectl create rolebinding ${name} --role=${name} ${subject(user)} -n ${quoted(namespace)}`]
    : [`kubectl create clusterrole ${name} ${what}`, `kubectl create clusterrolebinding ${name} --clusterrole=${name} ${subject(user)}`];
}

/** @param {RegExpExecArray} found @returns {Denial} */
function access([, user, verb, resource, group, namespace = ""]) {
  const values = { user, verb, resource, where: namespace };
  return { key: namespace ? "denial.rbac" : "denial.rbacCluster", values, lines: grants({ user, verb, resource, group, namespace }) };
}

/** @type {Array<[RegExp, (found: RegExpExecArray) => Denial]>} */
const KNOWN = [
  [/exceeded quota: (\S+), requested: (\S+), used: (\S+), limited: (\S+)/, quota],
  [/failed quota: (\S+): must specify (.+?)(?:$|")/, ([, name, what]) => ({ key: "denial.quotaUnset", values: { name, what } })],
  [/User "([^"]*)" cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)")?/, access],
  [/violates PodSecurity "([^":]+)(?::[^"]*)?": (.+)/, ([, level, what]) => ({ key: "denial.podSecurity", values: { level, what } })],
  [/(maximum|minimum) (\S+) usage per (\S+) is (\S+?), but (\w+) is (\S+?)[.,\]]?(?:\s|$)/, ([, side, resource, scope, bound, , value]) => ({ key: side === "maximum" ? "denial.limit.maximum" : "denial.limit.minimum", values: { resource, scope, bound, value } })],
];

/** @param {string | undefined} message @returns {Denial | undefined} */
export function denial(message) {
  for (const [pattern, read] of KNOWN) {
    const found = pattern.exec(message ?? "");
    if (found) return read(found);
  }
  return undefined;
}

/** Each reason once. @param {Array<string | undefined>} messages @returns {Denial[]} */
export function denials(messages) {
  const found = messages.map(denial).filter((one) => !!one);
  const seen = new Map(found.map((one) => [JSON.stringify([one.key, one.values]), one]));
  return [...seen.values()];
}
