/**
 * A colour for each workload, told apart by people who see colours differently (after Okabe and Ito, evened out for light
 * and dark ground). Red is not among them: it says that something failed. The first eight workloads get different ones; a
 * name keeps its colour while the page is open.
 */

export const OWNER_COLOURS = ["#3f7fd9", "#d9822b", "#1f9d80", "#b55cb8", "#8a7a1f", "#3aa6c2", "#6f5bd6", "#6b9a2f"];
const NO_OWNER = "#7b8794";

export function createPalette() {
  /** @type {Map<string, string>} */
  const given = new Map();
  return {
    /** @param {string | undefined} root "Deployment/web", prefixed by its namespace */
    colour(root) {
      if (!root) return NO_OWNER;
      let colour = given.get(root);
      if (!colour) given.set(root, (colour = OWNER_COLOURS[given.size % OWNER_COLOURS.length]));
      return colour;
    },
  };
}

/** The palette's key of a pod or workload. @param {import("./types.js").Thin} thin */
export function rootOf(thin) {
  if (thin.k === "Pod") return thin.root ? `${thin.ns}/${thin.root}` : undefined;
  return `${thin.ns}/${thin.root ?? (thin.owner ? `${thin.owner.kind}/${thin.owner.name}` : `${thin.k}/${thin.name}`)}`;
}
