/** Numbers and times as people read them. Pure. */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** @param {number | undefined} milli */
export function cpu(milli) {
  if (milli === undefined) return "–";
  return milli % 1000 === 0 || milli >= 10000 ? String(Math.round(milli / 1000)) : String(Math.round(milli / 10) / 100);
}

/** @param {number | undefined} bytes */
export function memory(bytes) {
  if (bytes === undefined) return "–";
  let unit = 0;
  let amount = bytes;
  while (amount >= 1024 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${amount >= 100 || Number.isInteger(amount) ? Math.round(amount) : amount.toFixed(1)} ${UNITS[unit]}`;
}

/** Used of all, in the unit of the whole. @param {number} used @param {number} all */
export function memoryOf(used, all) {
  let unit = 0;
  for (let rest = all; rest >= 1024 && unit < UNITS.length - 1; rest /= 1024) unit += 1;
  const show = (/** @type {number} */ bytes) => String(Math.round((bytes / 1024 ** unit) * 10) / 10);
  return `${show(used)} / ${show(all)} ${UNITS[unit]}`;
}

/** @param {number} used @param {number} all */
export const cpuOf = (used, all) => `${cpu(used)} / ${cpu(all)}`;

/** Kubernetes' short ages: 45s, 12m, 5h, 3d. @param {number} seconds */
export function age(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 120) return `${s}s`;
  if (s < 7200) return `${Math.floor(s / 60)}m`;
  if (s < 172800) return `${Math.floor(s / 3600)}h`;
  return `${Math.floor(s / 86400)}d`;
}

/** Seconds between an RFC 3339 time and virtual now. @param {string | undefined} timestamp @param {number} nowMicros */
export function since(timestamp, nowMicros) {
  const then = timestamp ? Date.parse(timestamp) : NaN;
  return Number.isNaN(then) ? undefined : (nowMicros / 1000 - then) / 1000;
}

/** Time of day, UTC. @param {number} micros */
export const timeOfDay = (micros) => new Date(micros / 1000).toISOString().slice(11, 19);

/** Date, UTC. @param {number} micros */
export const date = (micros) => new Date(micros / 1000).toISOString().slice(0, 10);

/** Labels or selectors as a=b. @param {Record<string, string> | undefined} labels */
export const pairs = (labels) => Object.entries(labels ?? {}).map(([key, value]) => (value ? `${key}=${value}` : key));
