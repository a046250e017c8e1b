/**
 * The page comes alive: what needs a script is shown, the living part begins where the page has a layer, and every formula of
 * the derivation can be copied.
 */

import { Lab } from "./lab.js";
import { connectHead, offerCopies, reachable, sayEverywhere, watchScrollers, words } from "./frame.js";

const article = document.querySelector("article");
const data = JSON.parse(document.getElementById("data").textContent);
for (const element of document.querySelectorAll("[data-script]")) element.hidden = false;

const text = words(data);
const living = data.layer ? new Lab(data) : null;
const sayAll = () => {
  if (living) living.words();
  else sayEverywhere(text);
  sayInArticle();
};
const sayInArticle = () => {
  offerCopies(article, text);
  watchScrollers(article);
};
if (!living) sayEverywhere(text);
connectHead(text, sayAll);
sayInArticle();
document.addEventListener("toggle", ({ target }) => reachable(target), true);
addEventListener("resize", () => {
  living?.resize();
  watchScrollers(article);
});
