/** Text with simple markup that the server made of Markdown: copied element by element, so that nothing else comes through. */

const ELEMENTS = new Set("P UL OL LI CODE PRE STRONG EM A H1 H2 H3 H4 BLOCKQUOTE HR BR TABLE THEAD TBODY TR TH TD".split(" "));

/** @param {string} markup @returns {DocumentFragment} */
export function prose(markup) {
  const found = new DOMParser().parseFromString(markup, "text/html");
  const made = document.createDocumentFragment();
  copy(found.body, made);
  return made;
}

/** @param {Node} from @param {Node} to */
function copy(from, to) {
  for (const node of from.childNodes) {
    if (node instanceof Text) to.appendChild(document.createTextNode(node.data));
    else if (node instanceof Element) copy(node, ELEMENTS.has(node.tagName) ? to.appendChild(element(node)) : to);
  }
}

/** An element of the same name; of its attributes only a link's address, when it leads to a page. @param {Element} from */
function element(from) {
  const made = document.createElement(from.tagName);
  const href = from.getAttribute("href");
  if (made instanceof HTMLAnchorElement && href && /^(https?:|\/|#)/.test(href)) made.href = href;
  return made;
}
