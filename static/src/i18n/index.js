/**
 * The page's texts. Views say t("key"); the words live in the catalogues, one per language with the same keys.
 *
 * @typedef {Record<string, string>} Catalogue
 */

import { en } from "./en.js";

/** @type {Catalogue} */
let catalogue = en;

/** Load the language the server rendered the page in. @param {string} language */
export async function useLanguage(language) {
  if (language.startsWith("de")) catalogue = (await import("./de.js")).de;
}

/**
 * @param {string} key
 * @param {Record<string, string | number>} [values] for {name} in the text; `n` also chooses between "key" and "key.one"
 * @param {string} [otherwise] when there is no such text
 */
export function t(key, values = {}, otherwise = key) {
  const text = (values.n === 1 && catalogue[`${key}.one`]) || (catalogue[key] ?? otherwise);
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
