/** The websocket of a course: its state, hints and wishes for this person, the wall for its teachers. Comes back after every loss. */

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
const SENT_AWAY = 4000;

/**
 * @param {object} options
 * @param {string} options.course slug
 * @param {(news: any) => void} options.onNews
 * @param {(live: boolean) => void} [options.onLive]
 * @returns {() => void} undo: close for good
 */
export function listenToCourse({ course, onNews, onLive = () => {} }) {
  let closed = false;
  let pause = FIRST_PAUSE_MS;
  /** @type {WebSocket | undefined} */
  let wire;
  function open() {
    wire = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/courses/${encodeURIComponent(course)}/`);
    wire.onopen = () => {
      pause = FIRST_PAUSE_MS;
      onLive(true);
    };
    wire.onmessage = (event) => onNews(JSON.parse(event.data));
    wire.onclose = ({ code }) => {
      onLive(false);
      if (closed || code >= SENT_AWAY) return;
      setTimeout(() => closed || open(), pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    };
  }
  open();
  return () => {
    closed = true;
    wire?.close();
  };
}

/** What is left of a timer, as 4:05; "" when there is none or it is over. @param {string | null} ends @param {number} [now] */
export function timeLeft(ends, now = Date.now()) {
  const seconds = ends ? Math.ceil((Date.parse(ends) - now) / 1000) : 0;
  return seconds > 0 ? `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}` : "";
}
