/**
 * The closed form at work: the operand, dilated and padded, and over it the kernel, rotated where the theorem rotates it,
 * at the place that computes the chosen entry.
 */

import { closedForm, places, windowAt } from "./geometry.js";
import { cellLabel } from "./grids.js";

const LARGE = 12;

/** The machine of a map: what is drawn once for a layer; null for the bias, which is a sum and no correlation. */
export function machineOf(layer, slot) {
  const form = closedForm(layer, slot);
  return form && { form, held: form.length.map((_, axis) => places(form, axis)) };
}

const twoAxes = (lists, filler) => (lists.length === 1 ? [filler, lists[0]] : lists);

/** Draws the padded operand into a figure: a cell for every place, empty ones for the zeros that were put in. */
export function drawOperand(figure, { form, held }, { label, base, letter }) {
  const [rows, columns] = twoAxes(held, [0]);
  const large = columns.length > LARGE;
  const cell = (row, column) => {
    const index = held.length === 1 ? [columns[column]] : [rows[row], columns[column]];
    const zero = index.includes(null);
    const name = zero ? "0" : cellLabel(letter, index, base, large);
    return `<td class="${zero ? "zero" : "held"}" data-place="${row},${column}"><span>${name}</span><small></small></td>`;
  };
  const body = rows.map((_, row) => `<tr>${columns.map((__, column) => cell(row, column)).join("")}</tr>`).join("");
  drawCells(figure, form.operand, large, label, body);
}

/** Draws the kernel as it is laid over the operand: rotated by 180 degrees where the closed form rotates it. */
export function drawKernel(figure, { form }, { label, base, letter }) {
  const along = form.taps.map((count) => Array.from({ length: count }, (_, tap) => (form.rotated ? count - 1 - tap : tap)));
  const [down, across] = twoAxes(along, [null]);
  const large = across.length > LARGE;
  const body = down.map((upper) => `<tr>${across.map((tap) =>
    `<td>${cellLabel(letter, upper === null ? [tap] : [upper, tap], base, large)}</td>`).join("")}</tr>`).join("");
  drawCells(figure, form.kernel, large, label, body);
}

function drawCells(figure, tensor, large, label, body) {
  figure.className = `operand ${tensor}`;
  figure.innerHTML = `<div class="scroller"><table class="cells${large ? " large" : ""}" role="img" aria-label="${label}">` +
    `<tbody>${body}</tbody></table></div>`;
}

/** Lays the kernel over the operand for the entry at `place`: its taps' names in the cells that they multiply. */
export function layKernel(figure, { form }, place, { base, letter }) {
  for (const cell of figure.querySelectorAll(".under")) cell.classList.remove("under", "hit");
  for (const small of figure.querySelectorAll("small:not(:empty)")) small.textContent = "";
  if (!place) return;
  const along = windowAt(form, place);
  const [down, across] = twoAxes(along, [{ at: 0, tap: null }]);
  for (const { at: row, tap: upper } of down) {
    for (const { at: column, tap } of across) {
      const cell = figure.querySelector(`[data-place="${row},${column}"]`);
      if (!cell) continue;
      const taps = upper === null ? [tap] : [upper, tap];
      cell.classList.add("under");
      cell.classList.toggle("hit", cell.classList.contains("held"));
      cell.querySelector("small").innerHTML = `${letter}<sub>${taps.map((at) => at + base).join(",")}</sub>`;
    }
  }
}
