/**
 * The page comes alive: the grids, the player, the sliders and the lens over one state, drawn again when it changes.
 *
 * The state is the layer, the planes that are drawn (sample n, output channel o, input channel y), the map and the entry
 * that is looked at, whether it is pinned, and the mistake. Everything else is computed from it.
 */

import { RESULT, contributions, problemOf, shapesOf } from "./geometry.js";
import { Formulas, derivative, math } from "./formulas.js";
import { drawGrid, mark, planeOf } from "./grids.js";
import { drawKernel, drawOperand, layKernel, machineOf } from "./machine.js";
import { drawSliders, isAlike, spelled } from "./controls.js";
import { connectHead, fit, offerCopies, perRow, reachable, sayEverywhere, words } from "./frame.js";
import { connect } from "./hands.js";
import { MISTAKES } from "./mistakes.js";
import { exampleOf } from "./examples.js";
import { countOf, differences, isTooLarge, lookThrough, optionsOf } from "./lens.js";

const SLOTS = ["forward", "input", "weight", "bias"];
const SLOT_OF = { delta: "forward", a: "input", w: "weight", b: "bias" };
const BEAT = 900; // milliseconds between two entries when playing

const find = (id) => document.getElementById(id);

/** The living part of the page. */
class Lab {
  constructor(data) {
    this.data = data;
    this.text = words(data);
    this.state = { layer: data.layer, slot: "input", index: null, pinned: false, n: 0, o: 0, y: 0, mistake: null };
    this.alike = isAlike(data.layer);
    this.state.index = this.middle();
    this.timer = null;
    connect(this);
    this.words();
  }

  /** The entry in the middle of the result: it has the most to show. */
  middle() {
    const [, , ...size] = shapesOf(this.state.layer)[RESULT[this.state.slot]];
    return this.indexAt(size.map((n) => Math.floor(n / 2)));
  }

  /** The entry of the chosen map at a place, in the planes that are drawn. */
  indexAt(place) {
    const { slot, n, o, y, layer } = this.state;
    if (slot === "bias") return [o];
    const channels = { forward: [n, o], input: [n, y], weight: this.weightPlane() }[slot];
    return [...channels, ...place].slice(0, 2 + layer.input_size.length);
  }

  /** The channel axes of the plane of w that joins the drawn planes of a and delta. */
  weightPlane() {
    const { layer, o, y } = this.state;
    const [outs, ins] = [layer.out_channels / layer.groups, layer.in_channels / layer.groups];
    return layer.weight_layout === "IO" ? [y, o % outs] : [o, y % ins];
  }

  // --- drawing ---

  /** Everything, after a change of the layer or of the language. */
  draw() {
    const { layer } = this.state;
    const problem = problemOf(layer);
    find("problem").textContent = problem;
    find("problem").hidden = !problem;
    find("lab").classList.toggle("impossible", Boolean(problem));
    find("spelled").textContent = spelled(layer);
    if (problem) return;
    this.formulas = new Formulas(layer, this.data);
    this.shapes = shapesOf(layer);
    this.keepInside();
    this.drawTensors();
    this.drawMaps();
    this.drawLens();
    this.drawMachine();
    this.look();
  }

  /** Planes and entry that still exist in a changed layer. */
  keepInside() {
    const { state, shapes } = this;
    if (state.slot === "bias" && !state.layer.bias) state.slot = "input";
    state.n = Math.min(state.n, shapes.delta[0] - 1);
    state.o = Math.min(state.o, shapes.delta[1] - 1);
    state.y = Math.min(state.y, shapes.a[1] - 1);
    this.joinGroups("o");
    const shape = shapes[RESULT[state.slot]];
    const inside = state.index?.length === shape.length && state.index.every((at, axis) => at < shape[axis]);
    if (!inside) {
      state.pinned = false;
      state.index = this.middle();
    }
  }

  /** The drawn channels of a and delta belong to one group: the other one follows the one that was chosen. */
  joinGroups(chosen) {
    const { layer } = this.state;
    const [outs, ins] = [layer.out_channels / layer.groups, layer.in_channels / layer.groups];
    const group = chosen === "o" ? Math.floor(this.state.o / outs) : Math.floor(this.state.y / ins);
    if (Math.floor(this.state.y / ins) !== group) this.state.y = group * ins;
    if (Math.floor(this.state.o / outs) !== group) this.state.o = group * outs;
  }

  drawTensors() {
    const { shapes, text, state } = this;
    const { n, o, y } = state;
    const planes = { a: [n, y], w: this.weightPlane(), delta: [n, o] };
    const pickers = { a: ["n", "y"], w: [], delta: ["o"] };
    for (const [name, channels] of Object.entries(planes)) {
      const size = shapes[name].slice(2).join("×");
      drawGrid(find(`grid-${name}`), {
        title: text(`tensor.${name}`), note: size, label: text(`label.${name}`, { size }),
        letter: this.formulas.glyph(name), rows: planeOf(shapes[name], channels),
        base: this.data.index_base, pickers: pickers[name].map((key) => this.picker(key)).join(""),
        extra: name === "w" && state.layer.bias ? this.biasCell() : "",
      });
    }
    fit(find("tensors"), ["a", "w", "delta"].map((name) => shapes[name].at(-1)));
    this.symbols = Object.fromEntries(SLOTS.map((slot) => [slot, this.symbolOf(slot)]));
  }

  /** The choice of a sample or channel, where there are several. */
  picker(key) {
    const count = { n: this.shapes.delta[0], o: this.shapes.delta[1], y: this.shapes.a[1] }[key];
    if (count < 2) return "";
    const base = this.data.index_base;
    const options = Array.from({ length: count }, (_, at) =>
      `<option value="${at}"${at === this.state[key] ? " selected" : ""}>${at + base}</option>`).join("");
    return `<label class="picker">${this.text(`picker.${key}`)} <select data-plane="${key}">${options}</select></label>`;
  }

  biasCell() {
    const { base, below } = this.formulas.letters("b");
    const sub = [below, ...this.formulas.visible("b", [this.state.o])].filter((part) => part !== "").join(",");
    return `<button type="button" class="bias" id="bias" data-index="${this.state.o}" aria-label="${this.text("label.b")}">` +
      `${base}<sub>${sub}</sub></button>`;
  }

  /** A map's name for a sentence: z, or the derivative of E by a tensor. */
  symbolOf(slot) {
    const whole = (tensor) => this.formulas.whole(tensor);
    const name = slot === "forward" ? whole("z") : derivative(whole("E"), whole(RESULT[slot]));
    return `<math class="symbol">${name}</math>`;
  }

  /** The same in plain text. */
  nameOf(slot) {
    const plain = (tensor) => this.formulas.glyph(tensor);
    return slot === "forward" ? plain("z") : `∂${plain("E")}/∂${plain(RESULT[slot])}`;
  }

  drawMaps() {
    const slots = SLOTS.filter((slot) => slot !== "bias" || this.state.layer.bias);
    find("maps").innerHTML = slots.map((slot) =>
      `<label><input type="radio" name="map" value="${slot}" aria-label="${this.nameOf(slot)}"` +
      `${slot === this.state.slot ? " checked" : ""}>` +
      `<span>${this.symbols[slot]}</span></label>`).join("");
  }

  drawMachine() {
    const { slot, layer } = this.state;
    const box = find("machine");
    this.machine = machineOf(layer, slot);
    this.drawn = slot;
    if (!this.machine) {
      box.innerHTML = `<p class="hint">${this.text("machine.bias")}</p>`;
      return;
    }
    const { form } = this.machine;
    const base = this.data.index_base;
    const glyph = (tensor) => this.formulas.glyph(tensor);
    box.innerHTML = `<p class="caption">${this.text(`machine.${slot}`, this.surroundings(form))}</p><div class="row">` +
      '<figure id="operand"></figure>' +
      '<div class="next"><span class="sign" aria-hidden="true">⋆</span><figure id="laid"></figure></div>' +
      '<div class="next"><span class="sign" aria-hidden="true">→</span><div id="made"></div></div></div>';
    fit(box, [this.machine.held.at(-1).length, form.taps.at(-1)]);
    drawOperand(find("operand"), this.machine, { label: this.text("label.operand"), base, letter: glyph(form.operand) });
    drawKernel(find("laid"), this.machine, { label: this.text("label.laid"), base, letter: glyph(form.kernel) });
  }

  /** What was done to the operand, in numbers, for its caption. */
  surroundings(form) {
    const single = (values) => (new Set(values.map(String)).size === 1 ? values.slice(0, 1) : values);
    const pads = single(form.padding).map(([low, high]) => (low === high ? `${low}` : `${low}:${high}`)).join("×");
    return {
      spread: single(form.spread).join("×"), padding: pads.replaceAll("-", "−"), stride: single(form.stride).join("×"),
      dilation: single(form.dilation).join("×"), kernel: this.text(form.rotated ? "kernel.rotated" : "kernel.plain"),
      turned: form.turned ? this.text("turned") : "",
    };
  }

  /** What changes with the entry: what is lit, the sentence, the formula, the kernel's place. */
  look() {
    const { slot, index, layer, pinned } = this.state;
    if (this.drawn !== slot) this.drawMachine();
    this.products = contributions(layer, slot, index);
    const lit = (name) => this.products.filter((product) => product[name]).map((product) => product[name]);
    for (const name of ["a", "w", "delta"]) {
      const figure = find(`grid-${name}`);
      mark(figure, "lit", lit(name));
      mark(figure, "chosen", SLOT_OF[name] === slot ? [index] : []);
      mark(figure, "pinned", SLOT_OF[name] === slot && pinned ? [index] : []);
    }
    const bias = find("bias");
    bias?.classList.toggle("chosen", slot === "bias");
    bias?.classList.toggle("lit", slot === "forward");
    if (this.machine) {
      layKernel(find("operand"), this.machine, index.slice(2), {
        base: this.data.index_base, letter: this.formulas.glyph(this.machine.form.kernel),
      });
      find("made").innerHTML = math(this.formulas.result(slot, index), this.formulas.resultLatex(slot, index), "inline");
    }
    this.say();
    this.placePlayer();
    this.lookAtLens();
  }

  say() {
    const { slot, index, pinned, layer } = this.state;
    const { formulas, products, text } = this;
    const count = products.length;
    const entry = math(formulas.result(slot, index), formulas.resultLatex(slot, index), "inline");
    const key = count === 0 ? `say.${slot}.none` : `say.${slot}`;
    find("sentence").innerHTML = `<p>${text(key, { entry, count })}</p>` +
      `<p class="hint">${pinned ? text("isPinned") : text("toPin")}</p>`;
    const { mathml, latex } = formulas.equation(slot, index, products, layer.bias, perRow());
    find("terms").innerHTML = `<div class="scroller">${math(mathml, latex)}</div>`;
    offerCopies(find("terms"), text);
    reachable(find("terms"));
  }

  placePlayer() {
    const { slot, index } = this.state;
    const shape = this.shapes[RESULT[slot]].slice(slot === "bias" ? 0 : 2);
    const place = slot === "bias" ? index : index.slice(2);
    const at = place.reduce((sum, n, axis) => sum * shape[axis] + n, 0);
    const position = find("position");
    position.max = shape.reduce((n, size) => n * size, 1) - 1;
    position.value = at;
    position.setAttribute("aria-valuetext", `${find("sentence").querySelector("p").textContent}`);
    for (const radio of find("maps").querySelectorAll("input")) radio.checked = radio.value === slot;
  }

  // --- the lens ---

  drawLens() {
    const { mistake, layer } = this.state;
    this.wrong = mistake && lookThrough(layer, mistake);
    for (const name of ["a", "w", "delta"]) {
      const wrong = this.wrong?.get(SLOT_OF[name]);
      mark(find(`grid-${name}`), "wrong", wrong ? [...wrong.keys()].map((key) => key.split(",").map(Number)) : []);
    }
    find("bias")?.classList.toggle("wrong", Boolean(this.wrong?.get("bias")?.has(String(this.state.o))));
  }

  lookAtLens() {
    const { mistake, slot, index } = this.state;
    const box = find("lens");
    if (!mistake) {
      box.innerHTML = "";
      return;
    }
    const told = this.told(mistake.name);
    const head = `<p><span class="kind">${this.text(`kind.${told.kind}`)}</span> ${told.why}</p>`;
    const mend = `<p class="mend"><b>${this.text("mend")}</b> ${told.mend}</p>`;
    if (!this.wrong) {
      box.innerHTML = `${head}<p>${this.text(isTooLarge(this.state.layer) ? "tooLarge" : "notCovered")}</p>${this.exampleButton()}`;
      return;
    }
    const any = [...this.wrong.values()].some((wrong) => wrong?.size);
    const counted = `<p class="count">${countOf(this.wrong, this.shapes, this.text, (of) => this.symbols[of])}</p>`;
    const rows = this.wrong.get(slot)?.get(index.join());
    const here = rows ? differences(rows, this.formulas, slot, index, this.text)
      : any ? `<p class="hint">${this.text("pointAtWrong")}</p>` : this.exampleButton();
    box.innerHTML = head + counted + here + mend;
    reachable(box);
  }

  exampleButton() {
    return `<p>${this.text("noBite")}</p><button type="button" id="example">${this.text("example")}</button>`;
  }

  told(name) {
    const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
    const { kind, [language]: said = {} } = this.data.mistakes[name];
    return { kind, ...this.data.mistakes[name].en, ...said };
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

  unpin() {
    this.state.pinned = false;
    this.look();
  }

  /** The entry so many places further, or back; round and round. */
  step(by) {
    const position = find("position");
    const count = Number(position.max) + 1;
    this.seek((Number(position.value) + by + count) % count);
  }

  seek(at) {
    const { slot } = this.state;
    const size = this.shapes[RESULT[slot]].slice(slot === "bias" ? 0 : 2);
    const place = [];
    let rest = at;
    for (const n of [...size].reverse()) {
      place.unshift(rest % n);
      rest = Math.floor(rest / n);
    }
    this.state.pinned = false;
    this.state.index = slot === "bias" ? place : this.indexAt(place);
    if (slot === "bias") [this.state.o] = place;
    this.look();
  }

  play(on) {
    clearInterval(this.timer);
    this.timer = on ? setInterval(() => this.step(1), BEAT) : null;
    find("play").setAttribute("aria-pressed", String(on));
    find("play").textContent = on ? "❚❚" : "▶";
    find("play").setAttribute("aria-label", this.text(on ? "pause" : "play"));
  }

  /** All words of the living part, after a change of the language; then everything that holds words. */
  words() {
    sayEverywhere(this.text);
    const chosen = this.state.mistake ? String(MISTAKES.indexOf(this.state.mistake)) : "";
    find("mistake").innerHTML = optionsOf((name) => ({ ...this.told(name), title: this.told(name).title }), this.text);
    find("mistake").value = chosen;
    drawSliders(find("sliders"), this.state.layer, this.text, this.alike);
    this.play(false);
    this.draw();
    reachable(document);
  }

  showExample() {
    const { layer, slot, index } = exampleOf(this.state.mistake);
    this.state.layer = structuredClone(layer);
    this.alike = isAlike(layer);
    drawSliders(find("sliders"), layer, this.text, this.alike);
    this.draw();
    this.showEntry(slot, index.join());
  }

  /** An entry in whichever plane it lies. */
  showEntry(slot, key) {
    const index = key.split(",").map(Number);
    const { state } = this;
    if (slot === "forward") [state.n, state.o] = index;
    if (slot === "input") [state.n, state.y] = index;
    if (slot === "weight" || slot === "bias") [state.o] = index;
    this.joinGroups(slot === "input" ? "y" : "o");
    if (slot === "weight") state.y = Math.floor(state.o / (state.layer.out_channels / state.layer.groups)) *
      (state.layer.in_channels / state.layer.groups) + index[1];
    Object.assign(state, { slot, index, pinned: false });
    this.draw();
  }

}

const data = JSON.parse(find("data").textContent);
for (const element of document.querySelectorAll("[data-script]")) element.hidden = false;
const text = words(data);
const lab = data.layer ? new Lab(data) : null;
const sayAll = () => (lab ? lab.words() : sayEverywhere(text));
if (!lab) sayAll();
connectHead(text, sayAll);
offerCopies(document.querySelector("article"), text);
reachable(document.querySelector("article"));
document.addEventListener("toggle", () => reachable(document), true);
addEventListener("resize", () => (lab ? lab.draw() : reachable(document)));
