/**
 * The linked grids of a, w and delta with what belongs to them: the choice of a plane, the bias, the choice of the map.
 */

import { RESULT } from "./geometry.js";
import { derivative } from "./formulas.js";
import { drawGrid, mark, planeOf } from "./grids.js";
import { fill, fit } from "./frame.js";
import { weightPlane } from "./planes.js";

/** The maps, and the map whose result has the place of a tensor. */
export const SLOTS = ["forward", "input", "weight", "bias"];
export const SLOT_OF = { delta: "forward", a: "input", w: "weight", b: "bias" };

const find = (id) => document.getElementById(id);
const GRIDS = ["a", "w", "delta"];
const PICKERS = { a: ["n", "y"], w: [], delta: ["o"] };

/** Draws the drawn planes of a, w and delta. */
export function drawTensors(lab) {
  const { shapes, text, state, formulas } = lab;
  const planes = { a: [state.n, state.y], w: weightPlane(state), delta: [state.n, state.o] };
  for (const [name, channels] of Object.entries(planes)) {
    const size = shapes[name].slice(2).join("×");
    drawGrid(find(`grid-${name}`), {
      title: text(`tensor.${name}`), note: size, label: text(`label.${name}`, { size }),
      letter: formulas.glyph(name), rows: planeOf(shapes[name], channels),
      base: lab.data.index_base, pickers: PICKERS[name].map((key) => picker(lab, key)).join(""),
      extra: name === "w" && state.layer.bias ? biasCell(lab) : "",
    });
  }
  fit(find("tensors"), lab.room.tensors, GRIDS.map((name) => shapes[name].at(-1)));
}

/** The choice of a sample or channel, where there are several. */
function picker({ shapes, data, state, text }, key) {
  const count = { n: shapes.delta[0], o: shapes.delta[1], y: shapes.a[1] }[key];
  if (count < 2) return "";
  const options = Array.from({ length: count }, (_, at) =>
    `<option value="${at}"${at === state[key] ? " selected" : ""}>${at + data.index_base}</option>`).join("");
  return `<label class="picker">${text(`picker.${key}`)} <select data-plane="${key}">${options}</select></label>`;
}

function biasCell({ formulas, state, text }) {
  const { base, below } = formulas.letters("b");
  const sub = [below, ...formulas.visible("b", [state.o])].filter((part) => part !== "").join(",");
  return `<button type="button" class="bias" id="bias" data-index="${state.o}" aria-label="${text("label.b")}">` +
    `${base}<sub>${sub}</sub></button>`;
}

/** A map's name for a sentence: z, or the derivative of E by a tensor. */
export function symbolOf(formulas, slot) {
  const whole = (tensor) => formulas.whole(tensor);
  const name = slot === "forward" ? whole("z") : derivative(whole("E"), whole(RESULT[slot]));
  return `<math class="symbol">${name}</math>`;
}

/** The same in plain text. */
function nameOf(formulas, slot) {
  const plain = (tensor) => formulas.glyph(tensor);
  return slot === "forward" ? plain("z") : `∂${plain("E")}/∂${plain(RESULT[slot])}`;
}

/** Draws the choice of the map. */
export function drawMaps({ formulas, state, symbols }) {
  const slots = SLOTS.filter((slot) => slot !== "bias" || state.layer.bias);
  fill(find("maps"), slots.map((slot) =>
    `<label><input type="radio" name="map" value="${slot}" aria-label="${nameOf(formulas, slot)}">` +
    `<span>${symbols[slot]}</span></label>`).join(""));
}

/** Marks the entry that is looked at and those that contribute to it; the bias too. */
export function markEntries({ products, state }) {
  const { slot, index, pinned } = state;
  for (const name of GRIDS) {
    const figure = find(`grid-${name}`);
    const own = SLOT_OF[name] === slot;
    mark(figure, "lit", products.filter((product) => product[name]).map((product) => product[name]));
    mark(figure, "chosen", own ? [index] : []);
    mark(figure, "pinned", own && pinned ? [index] : []);
  }
  find("bias")?.classList.toggle("chosen", slot === "bias");
  find("bias")?.classList.toggle("lit", slot === "forward");
}

/** Marks the entries that a mistake gets wrong; `wrong` has those of each map. */
export function markWrong(wrong, o) {
  for (const name of GRIDS) {
    const entries = wrong?.get(SLOT_OF[name]);
    mark(find(`grid-${name}`), "wrong", entries ? [...entries.keys()].map((key) => key.split(",").map(Number)) : []);
  }
  find("bias")?.classList.toggle("wrong", Boolean(wrong?.get("bias")?.has(String(o))));
}
