// Runs the page's own geometry on layers that come in as JSON, and writes what it finds, for tests/test_page_geometry.py.
import { readFileSync } from "node:fs";
import {
  closedForm, contributions, places, problemOf, shapesOf, tuples, windowAt,
} from "../symconv/report/page/geometry.js";
import { MISTAKES, formOf, isComparable } from "../symconv/report/page/mistakes.js";
import { computed, reduced, wrongEntries } from "../symconv/report/page/comparison.js";
import { exampleOf } from "../symconv/report/page/examples.js";

const STRINGS = JSON.parse(readFileSync(new URL("../symconv/report/page/strings.json", import.meta.url), "utf-8"));
const english = (key, values) => STRINGS.en[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const SLOTS = ["forward", "input", "weight", "bias"];
const RESULTS = { forward: "delta", input: "a", weight: "w", bias: "b" };
const packed = (products) => products.map(({ delta, w, a, c }) => [c ?? 1, delta, w, a]);

/** For every entry of every map: its products. */
function maps(layer) {
  const shapes = shapesOf(layer);
  return Object.fromEntries(SLOTS.map((slot) => [
    slot, [...tuples(shapes[RESULTS[slot]])].map((index) => [index, packed(contributions(layer, slot, index))]),
  ]));
}

/** For every place of every closed form: the operand's index and the kernel's tap wherever the window meets an entry. */
function windows(layer) {
  const shapes = shapesOf(layer);
  return Object.fromEntries(SLOTS.slice(0, 3).map((slot) => {
    const form = closedForm(layer, slot);
    const held = layer.input_size.map((_, j) => places(form, j));
    const met = (place) => windowAt(form, place).map((taps, j) =>
      taps.filter(({ at }) => held[j][at] !== null).map(({ at, tap }) => [held[j][at] ?? "outside", tap]));
    return [slot, [...tuples(shapes[RESULTS[slot]].slice(2))].map((place) => [place, met(place)])];
  }));
}

/** For every mistake in every map: the factor, every entry's products, the result's length, and what differs in which entry. */
function mistakes(layer) {
  const found = [];
  for (const { name, of, change } of MISTAKES) {
    for (const slot of of) {
      const form = change(formOf(layer));
      if (!isComparable(form)) continue;
      const entries = [...computed(form, slot)].map(([key, products]) => [key.split(",").map(Number), packed(products)]);
      const all = wrongEntries(layer, slot, { change });
      const wrong = [...all.keys()].map((key) => [key.split(",").map(Number),
        all.get(key).map(({ right, wrong: theirs, delta, w, a }) => [right, theirs, delta, w, a])]);
      found.push({ name, slot, scale: reduced(...form.scale), entries, wrong, length: form.length });
    }
  }
  return found;
}

const { task, layers } = JSON.parse(readFileSync(0, "utf-8"));
const tasks = {
  maps, windows, mistakes, problems: (layer) => problemOf(layer, english), examples: () => MISTAKES.map((mistake) => [mistake.name, exampleOf(mistake)?.layer ?? null]),
  names: () => MISTAKES.map(({ name, of }) => [name, of]),
};
process.stdout.write(JSON.stringify(layers.map(tasks[task])));
