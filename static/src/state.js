/**
 * A small observable value: what the page itself remembers (selection, open panels), apart from the cluster's state.
 */

/**
 * @template {object} T
 * @param {T} initial
 */
export function createState(initial) {
  let value = initial;
  /** @type {Set<(value: T, old: T) => void>} */
  const listeners = new Set();
  return {
    get: () => value,
    /** @param {Partial<T>} patch */
    set(patch) {
      const old = value;
      value = { ...value, ...patch };
      for (const listener of listeners) listener(value, old);
    },
    /** @param {(value: T, old: T) => void} listener @returns {() => void} undo */
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
