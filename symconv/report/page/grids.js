/**
 * The three linked grids: one plane each of a, w and delta, every entry a cell that can be pointed at and focused.
 *
 * A grid is a table with the role "grid" and one stop for the Tab key; the arrow keys move within it.
 */

import { fill } from "./frame.js";

const LARGE = 8; // columns above which the cells hold indices alone
const grids = new WeakMap(); // of each figure: its cells by their entries, and which of them have which class

/** One plane of a tensor: rows of {index, label}. `place` are the two last indices' sizes; a single axis is one row. */
export function planeOf(shape, channels) {
  const [height, width] = shape.length === 3 ? [1, shape[2]] : shape.slice(-2);
  return Array.from({ length: height }, (_, row) =>
    Array.from({ length: width }, (__, column) => [...channels, ...(shape.length === 3 ? [column] : [row, column])]));
}

/** What a cell says: its letter and its spatial indices, or the indices alone in a large grid. */
export function cellLabel(letter, index, base, large) {
  const sub = index.map((at) => at + base).join(",");
  return large ? `<i>${sub}</i>` : `${letter}<sub>${sub}</sub>`;
}

/** Draws a plane into a figure. `plane`: {name, title, note, letter, rows, base, channels, extra}. */
export function drawGrid(figure, plane) {
  const large = plane.rows[0].length > LARGE;
  const rows = plane.rows.map((row) => `<tr role="row">${row.map((index) =>
    `<td role="gridcell" tabindex="-1" data-index="${index.join()}">` +
    `${cellLabel(plane.letter, index.slice(2), plane.base, large)}</td>`).join("")}</tr>`);
  const drawn = fill(figure,
    `<figcaption><b>${plane.title}</b> <span>${plane.note}</span></figcaption>${plane.pickers}` +
    `<div class="scroller"><table role="grid" aria-label="${plane.label}" class="cells${large ? " large" : ""}">` +
    `<tbody>${rows.join("")}</tbody></table></div>${plane.extra}`);
  if (!drawn) return;
  const cells = [...figure.querySelectorAll("td")];
  cells[0].tabIndex = 0;
  grids.set(figure, { cells: new Map(cells.map((cell) => [cell.dataset.index, cell])), marked: new Map() });
}

/** The cell that an arrow key leads to, or null. */
export function neighbour(cell, key) {
  const row = cell.parentElement;
  const column = [...row.children].indexOf(cell);
  const last = (list) => list[list.length - 1];
  switch (key) {
    case "ArrowRight": return cell.nextElementSibling;
    case "ArrowLeft": return cell.previousElementSibling;
    case "ArrowDown": return row.nextElementSibling?.children[column] ?? null;
    case "ArrowUp": return row.previousElementSibling?.children[column] ?? null;
    case "Home": return row.children[0];
    case "End": return last(row.children);
    default: return null;
  }
}

/** Moves the one stop for the Tab key to a cell of its grid. */
export function moveStop(cell) {
  for (const other of cell.closest("table").querySelectorAll('td[tabindex="0"]')) other.tabIndex = -1;
  cell.tabIndex = 0;
}

/** Gives a class to the cells of some entries, and takes it from all others of the grid; entries of other planes have none. */
export function mark(figure, name, indices) {
  const { cells, marked } = grids.get(figure);
  const before = marked.get(name) ?? new Set();
  const now = new Set(indices.map((index) => cells.get(index.join())).filter(Boolean));
  for (const cell of before) if (!now.has(cell)) cell.classList.remove(name);
  for (const cell of now) if (!before.has(cell)) cell.classList.add(name);
  marked.set(name, now);
}
