/**
 * The picture's colours: read from the page's CSS custom properties, so that the style sheet stays their only home.
 *
 * @typedef {ReturnType<typeof readTheme>} Theme
 */

/** @param {string} hex @returns {[number, number, number]} */
function rgb(hex) {
  const text = hex.trim().replace("#", "");
  const full = text.length === 3 ? [...text].map((c) => c + c).join("") : text;
  const parts = [0, 2, 4].map((at) => parseInt(full.slice(at, at + 2), 16) || 0);
  return [parts[0], parts[1], parts[2]];
}

/** @param {string} a @param {string} b @param {number} share of a */
export function mix(a, b, share) {
  const [x, y] = [rgb(a), rgb(b)];
  return `rgb(${x.map((value, i) => Math.round(value * share + y[i] * (1 - share))).join(",")})`;
}

/** @param {Element} element */
export function readTheme(element) {
  const style = getComputedStyle(element);
  const read = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim() || "#888888";
  const colours = {
    ground: read("ground"),
    surface: read("surface"),
    sunken: read("sunken"),
    line: read("line"),
    strong: read("line-strong"),
    text: read("text"),
    muted: read("muted"),
    accent: read("accent"),
    trace: read("trace"),
    tone: { ok: read("ok"), busy: read("busy"), warn: read("warn"), bad: read("bad"), done: read("muted"), off: read("muted") },
  };
  /** @type {Map<string, {soft: string, edge: string, ink: string}>} */
  const tints = new Map();
  return {
    ...colours,
    font: style.fontFamily || "sans-serif",
    /** Ground, edge and text for a thing of that owner colour. @param {string} colour */
    tint(colour) {
      let tint = tints.get(colour);
      if (!tint) {
        tint = { soft: mix(colour, colours.surface, 0.14), edge: mix(colour, colours.surface, 0.55), ink: colour };
        tints.set(colour, tint);
      }
      return tint;
    },
  };
}
