/** The dashboard's entry: joins API and view. Nothing imports this module. */

import { createApi } from "./api.js";
import { useLanguage } from "./i18n/index.js";
import { mountDashboard } from "./panels/dashboard.js";

const element = /** @type {HTMLElement} */ (document.getElementById("app"));
const csrf = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";

await useLanguage(document.documentElement.lang);
mountDashboard(element, { api: createApi({ csrf }) });
