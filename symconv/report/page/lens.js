/**
 * The lens: one mistake of the catalogue looked at on the layer that is shown. Data in, markup out.
 */

import { RESULT, axesOf } from "./geometry.js";
import { MISTAKES, isCovered } from "./mistakes.js";
import { reduced, wrongEntries } from "./comparison.js";
import { fraction, math } from "./formulas.js";

const SHOWN = 16; // products of an entry that are listed
const MOST = 40000; // products of a layer that the lens looks at

/** The options of the choice of a mistake, by class; `told` gives the catalogue's words of a name. */
export function optionsOf(told, text) {
  const classes = new Map();
  for (const [at, { name }] of MISTAKES.entries()) {
    const { kind, title } = told(name);
    if (!classes.has(kind)) classes.set(kind, []);
    classes.get(kind).push(`<option value="${at}">${title}</option>`);
  }
  const groups = [...classes].map(([kind, options]) => `<optgroup label="${text(`kind.${kind}`)}">${options.join("")}</optgroup>`);
  return `<option value="">${text("noMistake")}</option>${groups.join("")}`;
}

/** Whether a layer has more products than the lens looks at while a slider moves. */
export function isTooLarge(layer) {
  const products = axesOf(layer).reduce((n, { O, K }) => n * O * K, layer.batch * layer.out_channels);
  return (products * layer.in_channels) / layer.groups > MOST;
}

/** What a mistake does on a layer: for each of its maps the wrong entries; null where the lens says nothing. */
export function lookThrough(layer, mistake) {
  if (!isCovered(layer) || isTooLarge(layer)) return null;
  return new Map(mistake.of.filter((slot) => slot !== "bias" || layer.bias)
    .map((slot) => [slot, wrongEntries(layer, slot, mistake)]));
}

/** The sentence that counts the wrong entries of each map. */
export function countOf(found, shapes, text, symbol) {
  return [...found].map(([slot, wrong]) => {
    if (wrong === null) return text("notSquare", { map: symbol(slot) });
    const all = shapes[RESULT[slot]].reduce((n, size) => n * size, 1);
    return text("countWrong", { count: wrong.size, all, map: symbol(slot) });
  }).join(" ");
}

/** The products of one wrong entry: what each should count, what it counts, and the difference as one formula. */
export function differences(rows, formulas, slot, index, text) {
  const difference = ({ right: [a, b], wrong: [c, d] }) => [c * b - a * d, b * d];
  const body = rows.slice(0, SHOWN).map((row) =>
    `<tr><td>${math(formulas.product(row), formulas.productLatex(row), "inline")}</td>` +
    `<td>${coefficient(row.right)}</td><td>${coefficient(row.wrong)}</td></tr>`).join("");
  const sum = rows.slice(0, SHOWN).map((row, at) => signed(difference(row), formulas.product(row), at === 0)).join("");
  const latex = rows.slice(0, SHOWN).map((row, at) => signedLatex(difference(row), formulas.productLatex(row), at === 0)).join(" ");
  const left = `<mtext>${text("wrongMinusRight")}</mtext><mo>=</mo>`;
  const rest = rows.length > SHOWN ? "<mo>+</mo><mo>⋯</mo>" : "";
  return `<div class="scroller">${math(left + sum + rest, `\\text{${text("wrong")}} - \\text{${text("right")}} = ${latex}`)}</div>` +
    `<div class="scroller"><table class="differences"><caption>${text("termsOf", { entry: math(formulas.result(slot, index),
      formulas.resultLatex(slot, index), "inline") })}</caption><thead><tr><th scope="col">${text("term")}</th>` +
    `<th scope="col">${text("right")}</th><th scope="col">${text("wrong")}</th></tr></thead><tbody>${body}</tbody></table></div>`;
}

function coefficient([p, q]) {
  if (p === 0) return "·";
  return q === 1 ? String(p).replace("-", "−") : `${String(p).replace("-", "−")}/${q}`;
}

function signed(value, product, leads) {
  const [p, q] = reduced(...value);
  const size = Math.abs(p) === 1 && q === 1 ? "" : `${fraction([p, q])}<mo>\u2062</mo>`;
  return (p < 0 ? "<mo>−</mo>" : leads ? "" : "<mo>+</mo>") + size + product;
}

function signedLatex(value, product, leads) {
  const [p, q] = reduced(...value);
  const size = Math.abs(p) === 1 && q === 1 ? "" : q === 1 ? `${Math.abs(p)} ` : `\\frac{${Math.abs(p)}}{${q}} `;
  return `${p < 0 ? "- " : leads ? "" : "+ "}${size}${product}`;
}
