/**
 * The closed form at work: the operand, dilated and padded, and over it the kernel, rotated where the theorem rotates it,
 * at the place that computes the chosen entry.
 */

import { closedForm, places, windowAt } from "./geometry.js";
import { math } from "./formulas.js";
import { fill, fit } from "./frame.js";
import { cellLabel } from "./grids.js";

const LARGE = 12;

const find = (id) => document.getElementById(id);

/** Draws the machine of the map that is looked at. */
export function drawMachine(lab) {
  const { state, text, formulas, data: { index_base: base } } = lab;
  lab.machine = machineOf(state.layer, state.slot);
  lab.machineOf = state.slot;
  if (!lab.machine) {
    fill(find("machine"), `<p class="hint">${text("machine.bias")}</p>`);
    return;
  }
  const { form, held } = lab.machine;
  fill(find("machine"), '<p class="caption" id="surroundings"></p><div class="row"><figure id="operand"></figure>' +
    '<div class="next"><span class="sign" aria-hidden="true">⋆</span><figure id="laid"></figure></div>' +
    '<div class="next"><span class="sign" aria-hidden="true">→</span><div id="made"></div></div></div>');
  fill(find("surroundings"), text(`machine.${state.slot}`, surroundings(form, text)));
  fit(find("machine"), lab.room.machine, [held.at(-1).length, form.taps.at(-1)]);
  const letter = (tensor) => formulas.glyph(tensor);
  drawOperand(find("operand"), lab.machine, { label: text("label.operand"), base, letter: letter(form.operand) });
  drawKernel(find("laid"), lab.machine, { label: text("label.laid"), base, letter: letter(form.kernel) });
}

/** Shows the machine at the entry that is looked at; another one where the map has changed. */
export function showMachine(lab) {
  if (lab.machineOf !== lab.state.slot) drawMachine(lab);
  if (!lab.machine) return;
  const { machine, formulas, state: { slot, index } } = lab;
  const letter = formulas.glyph(machine.form.kernel);
  layKernel(find("operand"), machine, index.slice(2), { base: lab.data.index_base, letter });
  fill(find("made"), math(formulas.result(slot, index), formulas.resultLatex(slot, index), "inline"));
}

/** What was done to the operand, in numbers, for its caption. */
function surroundings(form, text) {
  const single = (values) => (new Set(values.map(String)).size === 1 ? values.slice(0, 1) : values);
  const pads = single(form.padding).map(([low, high]) => (low === high ? `${low}` : `${low}:${high}`)).join("×");
  return {
    spread: single(form.spread).join("×"), padding: pads.replaceAll("-", "−"), stride: single(form.stride).join("×"),
    dilation: single(form.dilation).join("×"), kernel: text(form.rotated ? "kernel.rotated" : "kernel.plain"),
    turned: form.turned ? text("turned") : "",
  };
}

/** The closed form of a map and what stands at each place of its operand; null for the bias, which is a sum. */
function machineOf(layer, slot) {
  const form = closedForm(layer, slot);
  return form && { form, held: form.length.map((_, axis) => places(form, axis)) };
}

const twoAxes = (lists, filler) => (lists.length === 1 ? [filler, lists[0]] : lists);

/** Draws the padded operand into a figure: a cell for every place, hatched ones for the zeros that were put in. */
function drawOperand(figure, { form, held }, { label, base, letter }) {
  const [rows, columns] = twoAxes(held, [0]);
  const large = columns.length > LARGE;
  const cell = (row, column) => {
    const index = held.length === 1 ? [columns[column]] : [rows[row], columns[column]];
    const zero = index.includes(null);
    const name = zero ? "0" : cellLabel(letter, index, base, large);
    return `<td class="${zero ? "zero" : "held"}" data-place="${row},${column}"><span>${name}</span></td>`;
  };
  const body = rows.map((_, row) => `<tr>${columns.map((__, column) => cell(row, column)).join("")}</tr>`).join("");
  drawCells(figure, form.operand, large, label, body);
}

/** Draws the kernel as it is laid over the operand: rotated by 180 degrees where the closed form rotates it. */
function drawKernel(figure, { form }, { label, base, letter }) {
  const along = form.taps.map((count) => Array.from({ length: count }, (_, tap) => (form.rotated ? count - 1 - tap : tap)));
  const [down, across] = twoAxes(along, [null]);
  const large = across.length > LARGE;
  const body = down.map((upper) => `<tr>${across.map((tap) =>
    `<td>${cellLabel(letter, upper === null ? [tap] : [upper, tap], base, large)}</td>`).join("")}</tr>`).join("");
  drawCells(figure, form.kernel, large, label, body);
}

function drawCells(figure, tensor, large, label, body) {
  figure.className = `operand ${tensor}`;
  fill(figure, `<div class="scroller"><table class="cells${large ? " large" : ""}" role="img" aria-label="${label}">` +
    `<tbody>${body}</tbody></table></div>`);
}

/** Lays the kernel over the operand for the entry at `place`: its taps' names in the cells that they multiply. */
function layKernel(figure, { form }, place, { base, letter }) {
  const { rows } = figure.querySelector("tbody");
  const over = new Map(); // from the cell to the tap that lies over it
  const [down, across] = twoAxes(windowAt(form, place), [{ at: 0, tap: null }]);
  for (const { at: row, tap: upper } of down) {
    for (const { at: column, tap } of across) {
      const cell = rows[row]?.cells[column];
      if (cell) over.set(cell, upper === null ? [tap] : [upper, tap]);
    }
  }
  for (const cell of figure.querySelectorAll(".under")) if (!over.has(cell)) lift(cell);
  for (const [cell, taps] of over) lay(cell, `${letter}<sub>${taps.map((at) => at + base).join(",")}</sub>`);
}

function lift(cell) {
  cell.classList.remove("under", "hit");
  cell.querySelector("small").remove();
}

function lay(cell, tap) {
  if (!cell.classList.contains("under")) {
    cell.classList.add("under", ...(cell.classList.contains("held") ? ["hit"] : []));
    cell.append(document.createElement("small"));
  }
  fill(cell.lastElementChild, tap);
}
