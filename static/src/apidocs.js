/** The page of the REST API: its colours follow the system's, as those of all pages do. Nothing imports this module. */

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();
