/** The class wall's entry: joins API and view. Nothing imports this module. */

import { createApi } from "./api.js";
import { useLanguage } from "./i18n/index.js";
import { mountWall } from "./panels/wall.js";

const element = /** @type {HTMLElement} */ (document.getElementById("app"));
const csrf = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";

await useLanguage(document.documentElement.lang);
const { course = "", own = "" } = element.dataset;
mountWall(element, { api: createApi({ csrf }), course, own: own.split(" ").filter(Boolean) });
