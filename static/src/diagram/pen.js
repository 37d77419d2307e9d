/**
 * Drawing helpers over a canvas context: rounded boxes, text that fits, state glyphs told apart by shape and not only by
 * colour.
 *
 * @typedef {import("../health.js").Tone} Tone
 */

/** What each font cut each text to, by width. @type {Map<string, Map<string, string>>} */
const fitted = new Map();
const MOST_FITTED = 20000;

/** The font as it was set last: a context takes longer to say it, and to take it again, than to draw a word. @type {WeakMap<CanvasRenderingContext2D, string>} */
const fonts = new WeakMap();

/** @param {CanvasRenderingContext2D} ctx @param {string} font "": forget what was set, for the context was reset */
export function setFont(ctx, font) {
  if (fonts.get(ctx) === font) return;
  fonts.set(ctx, font);
  if (font) ctx.font = font;
}

/** @param {string} font */
function cutsOf(font) {
  let cuts = fitted.get(font);
  if (!cuts || cuts.size > MOST_FITTED) fitted.set(font, (cuts = new Map()));
  if (fitted.size > 64) fitted.clear(); // zooming asks for many sizes
  return cuts;
}

/** @param {CanvasRenderingContext2D} ctx @param {string} text @param {number} width @returns {string} the text, cut with an ellipsis when too wide for the font set with `setFont` */
export function fitText(ctx, text, width) {
  const cuts = cutsOf(fonts.get(ctx) ?? "");
  const key = `${Math.round(width)}|${text}`;
  let cut = cuts.get(key);
  if (cut === undefined) cuts.set(key, (cut = cutText(ctx, text, width)));
  return cut;
}

/** @param {CanvasRenderingContext2D} ctx @param {string} text @param {number} width */
function cutText(ctx, text, width) {
  if (ctx.measureText(text).width <= width) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (ctx.measureText(`${text.slice(0, middle)}…`).width <= width) low = middle;
    else high = middle - 1;
  }
  return low > 0 ? `${text.slice(0, low)}…` : "";
}

/** @param {CanvasRenderingContext2D} ctx @param {{x: number, y: number, w: number, h: number}} box @param {number} radius */
export function roundBox(ctx, box, radius) {
  ctx.beginPath();
  ctx.roundRect(box.x, box.y, box.w, box.h, radius);
}

/** @param {CanvasRenderingContext2D} ctx @param {{x: number, y: number, w: number, h: number}} box @param {string} colour */
export function hatch(ctx, box, colour) {
  ctx.save();
  roundBox(ctx, box, 12);
  ctx.clip();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (let x = box.x - box.h; x < box.x + box.w; x += 14) {
    ctx.moveTo(x, box.y + box.h);
    ctx.lineTo(x + box.h, box.y);
  }
  ctx.stroke();
  ctx.restore();
}

/** @type {Record<Tone, (ctx: CanvasRenderingContext2D, x: number, y: number, r: number, turn: number) => void>} */
const GLYPHS = {
  ok(ctx, x, y, r) {
    ctx.moveTo(x - r * 0.6, y);
    ctx.lineTo(x - r * 0.12, y + r * 0.5);
    ctx.lineTo(x + r * 0.65, y - r * 0.5);
  },
  done(ctx, x, y, r) {
    ctx.arc(x, y, r * 0.85, 0, Math.PI * 2);
    ctx.moveTo(x - r * 0.35, y);
    ctx.lineTo(x - r * 0.05, y + r * 0.3);
    ctx.lineTo(x + r * 0.4, y - r * 0.3);
  },
  busy(ctx, x, y, r, turn) {
    ctx.arc(x, y, r * 0.75, turn, turn + Math.PI * 1.4);
  },
  warn(ctx, x, y, r) {
    ctx.arc(x, y, r * 0.85, 0, Math.PI * 2);
    ctx.moveTo(x, y - r * 0.45);
    ctx.lineTo(x, y + r * 0.02);
    ctx.lineTo(x + r * 0.35, y + r * 0.22);
  },
  bad(ctx, x, y, r) {
    ctx.moveTo(x - r * 0.5, y - r * 0.5);
    ctx.lineTo(x + r * 0.5, y + r * 0.5);
    ctx.moveTo(x + r * 0.5, y - r * 0.5);
    ctx.lineTo(x - r * 0.5, y + r * 0.5);
  },
  off(ctx, x, y, r) {
    ctx.moveTo(x - r * 0.6, y);
    ctx.lineTo(x + r * 0.6, y);
  },
};

/** @param {CanvasRenderingContext2D} ctx @param {Tone} tone @param {{x: number, y: number, r: number, colour: string, turn: number}} at */
export function glyph(ctx, tone, { x, y, r, colour, turn }) {
  ctx.beginPath();
  ctx.strokeStyle = colour;
  ctx.lineWidth = r * 0.28;
  ctx.lineCap = "round";
  ctx.lineJoin = "round";
  GLYPHS[tone](ctx, x, y, r, turn);
  ctx.stroke();
}

/** A curve from one box's side to another's. @param {CanvasRenderingContext2D} ctx @param {number[]} from @param {number[]} to @param {"across" | "under" | "down"} way */
export function curve(ctx, from, to, way) {
  const [x0, y0] = from;
  const [x1, y1] = to;
  ctx.moveTo(x0, y0);
  if (way === "across") {
    const bend = Math.max(40, Math.abs(x1 - x0) * 0.45);
    ctx.bezierCurveTo(x0 - bend, y0, x1 + bend, y1, x1, y1);
  } else if (way === "under") {
    const bend = Math.max(40, Math.abs(x1 - x0) * 0.4);
    ctx.bezierCurveTo(x0 - bend, y0, x1 + bend * 0.3, y1 + 44, x1, y1);
  } else {
    const bend = Math.max(32, Math.abs(y1 - y0) * 0.45);
    ctx.bezierCurveTo(x0, y0 + bend, x1, y1 - bend, x1, y1);
  }
}
