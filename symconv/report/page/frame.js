/**
 * What the page does with its document, whatever is shown: words, sizes of cells, buttons that copy, what can be reached by
 * the keyboard, and the switches in the head. No layer, no state.
 */

const [LEAST_CELL, MOST_CELL] = [1.6, 2.97]; // sides of a cell with its gap, in rem

/** Words in the page's language: from the page's own data, with {names} filled in, symbols by what the document calls them. */
export function words(data) {
  const letters = Object.entries(data.names ?? {}).map(([symbol, name]) => [symbol, name.split("_")[0]]);
  const symbols = Object.fromEntries(letters.map(([symbol, base]) => [symbol, data.greek[base] ?? base]));
  return (key, values = {}) => {
    const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
    const template = data.strings[language][key] ?? data.strings.en[key] ?? key;
    return template.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? symbols[name] ?? whole);
  };
}

/** What has been written into an element. */
const written = new WeakMap();

/** Writes markup into an element, unless it is there already; whether it was written. */
export function fill(element, markup) {
  if (written.get(element) === markup) return false;
  element.innerHTML = markup;
  written.set(element, markup);
  return true;
}

/** The widths of some elements, by id, in pixels: read before anything is drawn into them. */
export function roomOf(ids) {
  return Object.fromEntries(ids.map((id) => [id, document.getElementById(id).clientWidth]));
}

/** Gives grids that stand side by side in a box of some width the largest cells that fit; the columns are those of each grid. */
export function fit(box, pixels, columns) {
  const width = pixels / parseFloat(getComputedStyle(document.documentElement).fontSize);
  const row = (width - 3.5 * columns.length) / columns.reduce((sum, n) => sum + n, 0);
  const one = (width - 0.5) / Math.max(...columns);
  const cell = Math.max(LEAST_CELL, Math.min(row >= LEAST_CELL + 0.4 ? row : one, MOST_CELL));
  box.style.setProperty("--cell", `${cell - 0.12}rem`);
  box.classList.toggle("compact", cell < 2.3);
}

/** A button beside every formula that copies its LaTeX, labelled in the page's language. */
export function offerCopies(box, text) {
  for (const annotation of box.querySelectorAll('math[display="block"] annotation')) {
    const frame = annotation.closest(".scroller");
    if (!frame) continue;
    const before = frame.parentElement.querySelector(":scope > .copy");
    const button = before ?? document.createElement("button");
    button.setAttribute("aria-label", text("copy"));
    if (before) continue;
    button.type = "button";
    button.className = "copy";
    button.textContent = "LaTeX";
    button.dataset.label = "copy";
    button.addEventListener("click", async () => {
      await copied(annotation.textContent);
      button.textContent = "✓";
      setTimeout(() => { button.textContent = "LaTeX"; }, 1200);
    });
    frame.after(button);
  }
}

/** Puts a text on the clipboard, by the old way where the new one is not allowed. */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/** What a box says to whoever hears it: its formulas without their LaTeX. */
export function heard(box) {
  const copy = box.cloneNode(true);
  for (const annotation of copy.querySelectorAll("annotation")) annotation.remove();
  return copy.textContent;
}

/** What scrolls sideways can be reached by the keyboard; everything is measured before anything is changed. */
export function reachable(...boxes) {
  const scrollers = boxes.flatMap((box) => [...box.querySelectorAll(".scroller")]);
  const wide = scrollers.map((scroller) => scroller.scrollWidth > scroller.clientWidth);
  for (const [at, scroller] of scrollers.entries()) {
    if (wide[at] === scroller.hasAttribute("tabindex")) continue;
    if (wide[at]) scroller.tabIndex = 0;
    else scroller.removeAttribute("tabindex");
  }
}

let watcher = null;

/** The same for the sections of the derivation, for each as soon as it comes near to what is seen: the others are not laid out. */
export function watchScrollers(article) {
  watcher?.disconnect();
  watcher = new IntersectionObserver((seen) => {
    const near = seen.filter((entry) => entry.isIntersecting).map((entry) => entry.target);
    reachable(...near);
    for (const section of near) watcher.unobserve(section);
  }, { rootMargin: "100% 0px" });
  for (const section of article.querySelectorAll("section")) watcher.observe(section);
}

/** The words of the parts that have no state: elements name the key of their text or of their label. */
export function sayEverywhere(text) {
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", text(element.dataset.label));
  }
}

/** The switches of theme and language in the page's head; `changed` says all words anew. */
export function connectHead(text, changed) {
  const root = document.documentElement;
  document.getElementById("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  document.getElementById("language").addEventListener("click", () => {
    root.lang = root.lang.startsWith("zh") ? "en" : "zh";
    document.title = document.querySelector("title").dataset[root.lang];
    changed();
    label();
  });
  const label = () => { document.getElementById("language").textContent = text("otherLanguage"); };
  label();
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("article details")) details.open = true;
  });
}
