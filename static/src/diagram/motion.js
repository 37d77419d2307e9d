/**
 * Smooth motion: every drawn thing is a sprite that eases from where it is to where the layout wants it. Born things grow,
 * dying ones shrink. Pure apart from the clock that is handed in.
 *
 * @typedef {import("./layout.js").Box} Box
 * @typedef {{x: number, y: number, w: number, h: number, alpha: number, scale: number}} Pose
 * @typedef {Pose & {from: Pose, to: Pose, start: number, length: number, dying: boolean}} Sprite
 */

const MOVE_MS = 520;
const BORN_MS = 320;
const DIE_MS = 360;

/** @param {number} t */
const ease = (t) => 1 - (1 - t) ** 3;

/** @param {Box} box @param {number} alpha @param {number} scale @returns {Pose} */
const pose = (box, alpha, scale) => ({ x: box.x, y: box.y, w: box.w, h: box.h, alpha, scale });

/** @param {Pose} a @param {Box} b */
const sameBox = (a, b) => a.x === b.x && a.y === b.y && a.w === b.w && a.h === b.h;

/** @param {{reduced?: () => boolean}} [options] */
export function createMotion({ reduced = () => false } = {}) {
  /** @type {Map<string, Sprite>} */
  const sprites = new Map();
  /** @type {Set<string>} */
  const moving = new Set();

  /** @param {string} id @param {Sprite} sprite @param {Pose} to @param {number} now @param {number} length */
  function aim(id, sprite, to, now, length) {
    const { x, y, w, h, alpha, scale } = sprite;
    Object.assign(sprite, { from: { x, y, w, h, alpha, scale }, to, start: now, length: reduced() ? 0 : length });
    moving.add(id);
  }

  /** @param {string} id @param {Box} box @param {number} now @param {boolean} quiet */
  function place(id, box, now, quiet) {
    const sprite = sprites.get(id);
    if (!sprite) {
      const end = pose(box, 1, 1);
      const begin = quiet || reduced() ? end : pose(box, 0, 0.6);
      sprites.set(id, { ...begin, from: begin, to: end, start: now, length: BORN_MS, dying: false });
      if (begin !== end) moving.add(id);
    } else if (sprite.dying || !sameBox(sprite.to, box)) {
      sprite.dying = false;
      aim(id, sprite, pose(box, 1, 1), now, quiet ? 0 : MOVE_MS);
    }
  }

  /** @param {string} id @param {number} now @param {boolean} quiet */
  function remove(id, now, quiet) {
    const sprite = sprites.get(id);
    if (!sprite || sprite.dying) return;
    if (quiet || reduced()) {
      sprites.delete(id);
      moving.delete(id);
      return;
    }
    sprite.dying = true;
    aim(id, sprite, { ...pose(sprite, 0, 0.5) }, now, DIE_MS);
  }

  /** @param {string} id @param {Sprite} sprite @param {number} now */
  function tickOne(id, sprite, now) {
    const t = sprite.length > 0 ? Math.min(1, (now - sprite.start) / sprite.length) : 1;
    const e = ease(Math.max(0, t));
    for (const key of /** @type {const} */ (["x", "y", "w", "h", "alpha", "scale"]))
      sprite[key] = sprite.from[key] + (sprite.to[key] - sprite.from[key]) * e;
    if (t < 1) return;
    moving.delete(id);
    if (sprite.dying) sprites.delete(id);
  }

  return {
    /** @type {ReadonlyMap<string, Sprite>} */
    sprites,
    /**
     * Aim at the given places; what is no longer among them dies.
     * @param {Map<string, Box>} boxes @param {number} now @param {boolean} [quiet] at once, without motion
     */
    aimAt(boxes, now, quiet = false) {
      for (const [id, box] of boxes) place(id, box, now, quiet);
      for (const id of sprites.keys()) if (!boxes.has(id)) remove(id, now, quiet);
    },
    /** @param {number} now @returns {boolean} whether anything still moves */
    tick(now) {
      for (const id of moving) {
        const sprite = sprites.get(id);
        if (sprite) tickOne(id, sprite, now);
        else moving.delete(id);
      }
      return moving.size > 0;
    },
  };
}
