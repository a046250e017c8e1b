/**
 * The living part of the page: the grids, the player, the sliders and the lens over one state, drawn again when it changes.
 *
 * The state is the layer, the planes that are drawn (sample n, output channel o, input channel y), the map and the entry
 * that is looked at, whether it is pinned, and the mistake. Everything else is computed from it. Widths are read before
 * anything is written, and what is there already is not written again: a slider moves with one layout of the page.
 */

import { contributions, problemOf, shapesOf } from "./geometry.js";
import { Formulas } from "./formulas.js";
import { drawMachine, showMachine } from "./machine.js";
import { drawSliders, isAlike, spelled } from "./controls.js";
import { reachable, roomOf, sayEverywhere, words } from "./frame.js";
import { connect } from "./hands.js";
import { exampleOf } from "./examples.js";
import { lookThrough } from "./lens.js";
import { drawMistakes, tellMistake } from "./lens_panel.js";
import { SLOTS, drawMaps, drawTensors, markEntries, markWrong, symbolOf } from "./tensors.js";
import { indexAt, keepInside, lookAt, middle, numberOf, placeOf, placesOf } from "./planes.js";
import { placePlayer, tell } from "./telling.js";

const BEAT = 900; // milliseconds between two entries when playing

const find = (id) => document.getElementById(id);

/** The state, and what is drawn of it. */
export class Lab {
  constructor(data) {
    this.data = data;
    this.text = words(data);
    this.state = { layer: data.layer, slot: "input", index: null, pinned: false, n: 0, o: 0, y: 0, mistake: null };
    this.alike = isAlike(data.layer);
    this.state.index = middle(this.state);
    this.timer = null;
    this.room = roomOf(["tensors", "machine", "terms"]);
    connect(this);
    this.words();
  }

  // --- drawing ---

  /** Everything, after a change of the layer or of the language. */
  draw() {
    const { layer } = this.state;
    const problem = problemOf(layer, this.text);
    find("problem").textContent = problem;
    find("problem").hidden = !problem;
    find("lab").classList.toggle("impossible", Boolean(problem));
    find("spelled").textContent = spelled(layer);
    if (problem) return;
    this.formulas = new Formulas(layer, this.data);
    this.shapes = shapesOf(layer);
    this.symbols = Object.fromEntries(SLOTS.map((slot) => [slot, symbolOf(this.formulas, slot)]));
    keepInside(this.state);
    drawTensors(this);
    drawMaps(this);
    drawMachine(this);
    this.lookThrough();
    this.look();
  }

  /** What the mistake gets wrong in this layer. */
  lookThrough() {
    const { mistake, layer, o } = this.state;
    this.wrong = mistake && lookThrough(layer, mistake);
    markWrong(this.wrong, o);
  }

  /** What changes with the entry: what is lit, the sentence, the formula, the kernel's place. */
  look() {
    const { slot, index, layer } = this.state;
    this.products = contributions(layer, slot, index);
    markEntries(this);
    showMachine(this);
    tell(this);
    placePlayer(this.state);
    tellMistake(this);
    reachable(find("machine"), find("terms"), find("lens"));
  }

  /** The page's width has changed. */
  resize() {
    this.room = roomOf(["tensors", "machine", "terms"]);
    this.draw();
  }

  /** All words of the living part, after a change of the language; then everything that holds words. */
  words() {
    sayEverywhere(this.text);
    drawMistakes(this);
    drawSliders(find("sliders"), this.state.layer, this.text, this.alike);
    this.play(false);
    this.draw();
  }

  // --- what the reader does ---

  /** Another layer. */
  change(layer) {
    this.state.layer = layer;
    this.draw();
  }

  /** Another entry, unless one is pinned. */
  point(slot, index, pin = false) {
    const { state } = this;
    if (state.pinned && !pin) return;
    const same = state.slot === slot && state.index.join() === index.join();
    if (same && !pin) return;
    state.pinned = pin && !(same && state.pinned);
    Object.assign(state, { slot, index });
    this.look();
  }

  /** Another map, at the entry in its middle. */
  turnTo(slot) {
    Object.assign(this.state, { slot, pinned: false });
    this.state.index = middle(this.state);
    this.look();
  }

  unpin() {
    this.state.pinned = false;
    this.look();
  }

  /** The entry so many places further, or back; round and round. */
  step(by) {
    const [box, place] = placesOf(this.state);
    const count = box.reduce((n, size) => n * size, 1);
    this.seek((numberOf(box, place) + by + count) % count);
  }

  seek(at) {
    const { state } = this;
    const place = placeOf(placesOf(state)[0], at);
    if (state.slot === "bias") [state.o] = place;
    state.pinned = false;
    state.index = indexAt(state, place);
    this.look();
  }

  play(on) {
    clearInterval(this.timer);
    this.timer = on ? setInterval(() => this.step(1), BEAT) : null;
    find("play").setAttribute("aria-pressed", String(on));
    find("play").textContent = on ? "❚❚" : "▶";
    find("play").setAttribute("aria-label", this.text(on ? "pause" : "play"));
  }

  /** Another mistake, or null; an entry that it gets wrong is looked at. */
  suspect(mistake) {
    this.state.mistake = mistake;
    this.lookThrough();
    const found = this.wrong && [...this.wrong].find(([, entries]) => entries?.size);
    if (found && !this.wrong.get(this.state.slot)?.size) this.showEntry(found[0], [...found[1].keys()][0]);
    else this.look();
  }

  /** A layer on which the mistake shows. */
  showExample() {
    const { layer, slot, index } = exampleOf(this.state.mistake);
    this.state.layer = structuredClone(layer);
    this.alike = isAlike(layer);
    drawSliders(find("sliders"), layer, this.text, this.alike);
    keepInside(this.state);
    this.showEntry(slot, index.join());
  }

  /** An entry in whichever plane it lies. */
  showEntry(slot, key) {
    lookAt(this.state, slot, key.split(",").map(Number));
    this.draw();
  }
}
