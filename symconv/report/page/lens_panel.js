/**
 * The lens's place in the desk: what is told of the mistake that is looked for, in the catalogue's words.
 */

import { MISTAKES } from "./mistakes.js";
import { countOf, differences, isTooLarge, optionsOf } from "./lens.js";
import { fill } from "./frame.js";

const find = (id) => document.getElementById(id);

/** The choice of a mistake, in the page's language. */
export function drawMistakes({ data, state, text }) {
  const chosen = state.mistake ? String(MISTAKES.indexOf(state.mistake)) : "";
  find("mistake").innerHTML = optionsOf((name) => told(data, name), text);
  find("mistake").value = chosen;
}

/** What is told of the chosen mistake at the entry that is looked at; nothing where none is chosen. */
export function tellMistake(lab) {
  const { state, text, wrong, data } = lab;
  fill(find("lens"), state.mistake ? tellingOf(lab, told(data, state.mistake.name), text, wrong) : "");
}

function tellingOf(lab, words, text, wrong) {
  const { slot, index, layer } = lab.state;
  const head = `<p><span class="kind">${text(`kind.${words.kind}`)}</span> ${words.why}</p>`;
  if (!wrong) return `${head}<p>${text(isTooLarge(layer) ? "tooLarge" : "notCovered")}</p>${exampleButton(text)}`;
  const mend = `<p class="mend"><b>${text("mend")}</b> ${words.mend}</p>`;
  const any = [...wrong.values()].some((entries) => entries?.size);
  const counted = `<p class="count">${countOf(wrong, lab.shapes, text, (of) => lab.symbols[of])}</p>`;
  const rows = wrong.get(slot)?.get(index.join());
  const here = rows ? differences(rows, lab.formulas, slot, index, text)
    : any ? `<p class="hint">${text("pointAtWrong")}</p>` : exampleButton(text);
  return head + counted + here + mend;
}

function exampleButton(text) {
  return `<p>${text("noBite")}</p><button type="button" id="example">${text("example")}</button>`;
}

/** The catalogue's words of a mistake, in the page's language. */
function told(data, name) {
  const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
  const { kind, [language]: said } = data.mistakes[name];
  return { kind, ...said };
}
