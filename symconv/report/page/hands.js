/**
 * What the reader does: pointing, clicking, keys, sliders. Each listener tells the living part, which draws itself anew.
 */

import { mark, moveStop, neighbour } from "./grids.js";
import { indexAt, joinGroups } from "./planes.js";
import { SLOT_OF } from "./tensors.js";
import { drawSliders, firstAxisForAll, isAlike, withValue } from "./controls.js";
import { MISTAKES } from "./mistakes.js";

const find = (id) => document.getElementById(id);

/** Listens to everything that a reader can do. */
export function connect(lab) {
  connectGrids(lab);
  connectPlayer(lab);
  connectLayer(lab);
  find("mistake").addEventListener("change", ({ target }) => {
    lab.suspect(target.value === "" ? null : MISTAKES[Number(target.value)]);
  });
  find("lens").addEventListener("click", ({ target }) => {
    if (target.id === "example") lab.showExample();
  });
}

function connectGrids(lab) {
  const tensors = find("tensors");
  const pointed = (target) => {
    const cell = target.closest?.("[data-index]");
    if (!cell) return null;
    const name = cell.id === "bias" ? "b" : cell.closest("figure").id.replace("grid-", "");
    return [SLOT_OF[name], cell.dataset.index.split(",").map(Number)];
  };
  tensors.addEventListener("pointerover", ({ target }) => {
    const entry = pointed(target);
    if (entry) lab.point(...entry);
  });
  tensors.addEventListener("focusin", ({ target }) => {
    const entry = pointed(target);
    if (entry) lab.point(...entry);
    if (target.closest("td")) moveStop(target);
  });
  tensors.addEventListener("click", ({ target }) => {
    const entry = pointed(target);
    if (entry) lab.point(...entry, true);
  });
  tensors.addEventListener("change", ({ target }) => {
    const key = target.dataset.plane;
    lab.state[key] = Number(target.value);
    joinGroups(lab.state, key === "y" ? "y" : "o");
    lab.state.pinned = false;
    lab.state.index = indexAt(lab.state, lab.state.index.slice(2));
    lab.draw();
    tensors.querySelector(`[data-plane="${key}"]`).focus();
  });
  tensors.addEventListener("keydown", (event) => key(lab, event, pointed));
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape" && lab.state.pinned) lab.unpin();
  });
  find("terms").addEventListener("pointerover", ({ target }) => lightTerm(lab, target.closest?.("[data-term]")));
  find("terms").addEventListener("pointerleave", () => lightTerm(lab, null));
}

function key(lab, event, pointed) {
  const cell = event.target.closest("td");
  const entry = pointed(event.target);
  if (entry && cell && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    lab.point(...entry, true);
    return;
  }
  const next = cell && neighbour(cell, event.key);
  if (!next) return;
  event.preventDefault();
  next.focus();
}

/** The three factors of one product, more strongly than the others. */
function lightTerm(lab, term) {
  const product = term ? lab.products[Number(term.dataset.term)] : null;
  const own = lab.state.slot === "input" ? { a: lab.state.index } : {};
  for (const name of ["a", "w", "delta"]) {
    const entry = product && (product[name] ?? own[name]);
    mark(find(`grid-${name}`), "strong", entry ? [entry] : []);
  }
}

function connectPlayer(lab) {
  find("maps").addEventListener("change", ({ target }) => {
    lab.turnTo(target.value);
  });
  find("back").addEventListener("click", () => lab.step(-1));
  find("ahead").addEventListener("click", () => lab.step(1));
  find("play").addEventListener("click", () => lab.play(!lab.timer));
  find("position").addEventListener("input", ({ target }) => lab.seek(Number(target.value)));
}

function connectLayer(lab) {
  find("sliders").addEventListener("input", ({ target }) => {
    if (target.id === "alike") return;
    const { field, axis } = target.dataset;
    target.previousElementSibling.textContent = target.value;
    lab.change(withValue(lab.state.layer, field, Number(axis), Number(target.value), lab.alike));
  });
  find("sliders").addEventListener("change", ({ target }) => {
    if (target.id !== "alike") return;
    lab.alike = target.checked;
    if (lab.alike) lab.state.layer = firstAxisForAll(lab.state.layer);
    drawSliders(find("sliders"), lab.state.layer, lab.text, lab.alike);
    find("alike").focus();
    lab.draw();
  });
  find("reset").addEventListener("click", () => {
    lab.alike = isAlike(lab.data.layer);
    drawSliders(find("sliders"), lab.data.layer, lab.text, lab.alike);
    lab.change(lab.data.layer);
  });
}
