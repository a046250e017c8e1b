/**
 * What is told of the entry that is looked at: the sentence, its formula, and the player's place.
 */

import { math } from "./formulas.js";
import { fill, heard, offerCopies } from "./frame.js";
import { numberOf, placesOf } from "./planes.js";

const NARROW = 560; // pixels in which two products stand in a row

const find = (id) => document.getElementById(id);

/** The sentence and the formula of the entry. */
export function tell({ state, formulas, products, text, room }) {
  const { slot, index, pinned, layer } = state;
  const count = products.length;
  const entry = math(formulas.result(slot, index), formulas.resultLatex(slot, index), "inline");
  const key = count === 0 ? `say.${slot}.none` : `say.${slot}`;
  fill(find("sentence"), `<p>${text(key, { entry, count })}</p>` +
    `<p class="hint">${pinned ? text("isPinned") : text("toPin")}</p>`);
  const { mathml, latex } = formulas.equation(slot, index, products, layer.bias, room.terms < NARROW ? 2 : 4);
  if (fill(find("terms"), `<div class="scroller">${math(mathml, latex)}</div>`)) offerCopies(find("terms"), text);
}

/** Puts the player where the entry is. */
export function placePlayer(state) {
  const [box, place] = placesOf(state);
  const position = find("position");
  position.max = box.reduce((n, size) => n * size, 1) - 1;
  position.value = numberOf(box, place);
  position.setAttribute("aria-valuetext", heard(find("sentence").querySelector("p")));
  for (const radio of find("maps").querySelectorAll("input")) radio.checked = radio.value === state.slot;
}
