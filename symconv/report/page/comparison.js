/**
 * A wrong form beside the right one, product by product: which entries differ, and by which products. No document, no drawing.
 *
 * Every product of a map is one whole number that tells its entry and its factors, as digits do; a sum over the axes adds up
 * numbers. So a layer with thousands of products is compared while a slider moves.
 */

import { FACTORS, RESULT, inWritingOrder } from "./geometry.js";
import { formOf, isComparable, meets } from "./mistakes.js";

const range = (n) => Array.from({ length: n }, (_, at) => at);
const sizeOf = (shape) => shape.reduce((n, size) => n * size, 1);

/** How the products of a map are numbered: by the place of the entry, then by the places of the factors. */
class Numbering {
  constructor(form, slot) {
    const along = (size) => form.axes.map((axis) => axis[size]);
    this.shapes = {
      delta: [form.N, form.M, ...along("O")], w: [form.M, form.ins, ...along("K")],
      a: [form.N, form.C, ...along("L")], b: [form.M],
    };
    this.tensors = [RESULT[slot], ...FACTORS[slot]];
    this.span = sizeOf(FACTORS[slot].map((tensor) => sizeOf(this.shapes[tensor]))); // numbers for each entry
  }

  /** What a step along each axis of a tensor adds to the number. */
  steps(tensor) {
    const after = this.tensors.slice(this.tensors.indexOf(tensor) + 1).map((other) => sizeOf(this.shapes[other]));
    const shape = this.shapes[tensor];
    return shape.map((_, axis) => sizeOf(after) * sizeOf(shape.slice(axis + 1)));
  }

  /** The indices that a number stands for, by tensor. */
  read(number) {
    const found = {};
    let rest = number;
    for (const tensor of [...this.tensors].reverse()) {
      found[tensor] = [...this.shapes[tensor]].reverse().map((size) => {
        const at = rest % size;
        rest = Math.floor(rest / size);
        return at;
      }).reverse();
    }
    return found;
  }

  /** The entry of a number, written "0,0,1,2". */
  entry(number) {
    return this.read(number)[this.tensors[0]].join();
  }

  /** The product of a number: {delta, w, a}, null where the map has no such factor. */
  product(number) {
    const found = this.read(number);
    const [, ...factors] = this.tensors;
    return Object.fromEntries(["delta", "w", "a"].map((name) => [name, factors.includes(name) ? found[name] : null]));
  }
}

/** How often a form computes each product of a map: a Map from the product's number. */
function counted(form, slot, numbering) {
  const found = new Map();
  const lists = slot === "bias" ? biasParts(form, numbering) : productParts(form, slot, numbering);
  let sums = [0];
  for (const list of lists) sums = sums.flatMap((sum) => list.map((part) => sum + part));
  for (const number of sums) found.set(number, (found.get(number) ?? 0) + 1);
  return found;
}

/** What a product's number is the sum of: a part for the triple along each axis, one for the channels, one for the samples. */
function productParts(form, slot, numbering) {
  const at = (tensor, axis) => (numbering.tensors.includes(tensor) ? numbering.steps(tensor)[axis] : 0);
  const ends = form.axes.length + 1;
  const spatial = (tensor, j) => at(tensor, form.transposed.includes(tensor) ? ends - j : j + 2);
  const along = form.axes.map((axis, j) => {
    const [delta, w, a] = ["delta", "w", "a"].map((tensor) => spatial(tensor, j));
    return meets(axis, slot).filter(([, , x]) => !form.length || x < form.length[j])
      .map(([i, k, x]) => delta * i + w * k + a * x);
  });
  const channels = form.labels.map(([ofDelta, out, inner, ofA]) =>
    at("delta", 1) * ofDelta + at("w", 0) * out + at("w", 1) * inner + at("a", 1) * ofA);
  return [...along, channels, form.samples.map(([n, m]) => at("delta", 0) * n + at("a", 0) * m)];
}

function biasParts(form, numbering) {
  const [sample, channel, ...spatial] = numbering.steps("delta");
  const [entry] = numbering.steps("b");
  const positions = form.positions ?? form.axes.map((axis) => range(axis.O));
  const pairs = new Set(form.labels.map(([ofDelta, out]) => entry * out + channel * ofDelta));
  return [
    [...pairs], form.samples.map(([n]) => sample * n),
    ...positions.map((places, j) => places.map((at) => spatial[j] * at)),
  ];
}

/**
 * All entries of the map of a slot as the form computes them: a Map from the entry's index, written "0,0,1,2", to its
 * products, each {delta, w, a, c} with the coefficient c before the form's scale. An entry without products is absent.
 */
export function computed(form, slot) {
  const numbering = new Numbering(form, slot);
  const found = new Map();
  for (const [number, c] of counted(form, slot, numbering)) {
    const key = numbering.entry(number);
    if (!found.has(key)) found.set(key, []);
    found.get(key).push({ ...numbering.product(number), c });
  }
  return found;
}

/** The entries of a map that a mistake gets wrong, by their index, "0,0,1,2"; what differs in one is read when it is asked for. */
class WrongEntries {
  constructor(numbering, right, wrong, scale) {
    Object.assign(this, { numbering, right, wrong, scale });
    const entries = new Set();
    const look = (number) => {
      if (this.differs(number)) entries.add(Math.floor(number / numbering.span));
    };
    for (const number of right.keys()) look(number);
    for (const number of wrong.keys()) look(number);
    const sorted = [...entries].sort((one, other) => one - other);
    this.places = new Map(sorted.map((place) => [numbering.entry(place * numbering.span), place]));
  }

  /** Whether a product counts differently in the right and in the wrong form. */
  differs(number) {
    const [p, q] = this.scale;
    return (this.right.get(number) ?? 0) * q !== (this.wrong.get(number) ?? 0) * p;
  }

  get size() {
    return this.places.size;
  }

  has(key) {
    return this.places.has(key);
  }

  keys() {
    return this.places.keys();
  }

  /**
   * Wrong minus right in an entry: [{delta, w, a, right, wrong}], the coefficients as fractions [p, q]; only the products
   * where they differ. undefined for an entry that is right.
   */
  get(key) {
    const { right, wrong, scale: [p, q], numbering } = this;
    const place = this.places.get(key);
    if (place === undefined) return undefined;
    const here = (number) => Math.floor(number / numbering.span) === place && this.differs(number);
    return [...new Set([...right.keys(), ...wrong.keys()].filter(here))].map((number) => ({
      ...numbering.product(number), right: [right.get(number) ?? 0, 1],
      wrong: wrong.has(number) ? reduced(wrong.get(number) * p, q) : [0, 1],
    })).sort(inWritingOrder);
  }
}

/** A fraction in lowest terms. */
export function reduced(p, q) {
  const divisor = (a, b) => (b ? divisor(b, a % b) : Math.abs(a));
  const by = divisor(p, q) || 1;
  return [p / by, q / by];
}

/** The entries of a map that a mistake gets wrong, and what differs in each. null: not comparable. */
export function wrongEntries(layer, slot, mistake) {
  const form = mistake.change(formOf(layer));
  if (!isComparable(form)) return null;
  const numbering = new Numbering(form, slot);
  return new WrongEntries(numbering, counted(formOf(layer), slot, numbering), counted(form, slot, numbering), form.scale);
}
