/**
 * Which planes of the tensors are drawn, and which entry of them is looked at. Numbers alone, no document.
 *
 * The state is {layer, slot, index, n, o, y, ...}: the map and the entry that is looked at, and the planes: sample n,
 * output channel o, input channel y.
 */

import { RESULT, shapesOf } from "./geometry.js";

/** The channels of each group: [output channels, input channels]. */
export const perGroup = ({ out_channels: M, in_channels: C, groups }) => [M / groups, C / groups];

/** The channel axes of the plane of w that joins the drawn planes of a and delta. */
export function weightPlane({ layer, o, y }) {
  const [outs, ins] = perGroup(layer);
  return layer.weight_layout === "IO" ? [y, o % outs] : [o, y % ins];
}

/** The entry of the chosen map at a place, in the planes that are drawn. */
export function indexAt(state, place) {
  const { slot, n, o, y, layer } = state;
  if (slot === "bias") return [o];
  const channels = { forward: [n, o], input: [n, y], weight: weightPlane(state) }[slot];
  return [...channels, ...place].slice(0, 2 + layer.input_size.length);
}

/** The entry in the middle of the result: it has the most to show. */
export function middle(state) {
  const [, , ...size] = shapesOf(state.layer)[RESULT[state.slot]];
  return indexAt(state, size.map((n) => Math.floor(n / 2)));
}

/** The places that the player goes through: [their box, the place of the entry that is looked at]. */
export function placesOf({ layer, slot, index }) {
  const spatial = slot === "bias" ? 0 : 2;
  return [shapesOf(layer)[RESULT[slot]].slice(spatial), index.slice(spatial)];
}

/** How many places come before a place of a box. */
export function numberOf(box, place) {
  return place.reduce((sum, n, axis) => sum * box[axis] + n, 0);
}

/** The place of a box before which there are so many. */
export function placeOf(box, number) {
  let rest = number;
  return [...box].reverse().map((n) => {
    const at = rest % n;
    rest = Math.floor(rest / n);
    return at;
  }).reverse();
}

/** The drawn channels of a and delta belong to one group: the other one follows the one that was chosen. */
export function joinGroups(state, chosen) {
  const [outs, ins] = perGroup(state.layer);
  const group = chosen === "o" ? Math.floor(state.o / outs) : Math.floor(state.y / ins);
  if (Math.floor(state.y / ins) !== group) state.y = group * ins;
  if (Math.floor(state.o / outs) !== group) state.o = group * outs;
}

/** Planes and entry that still exist in a changed layer. */
export function keepInside(state) {
  const shapes = shapesOf(state.layer);
  if (state.slot === "bias" && !state.layer.bias) state.slot = "input";
  state.n = Math.min(state.n, shapes.delta[0] - 1);
  state.o = Math.min(state.o, shapes.delta[1] - 1);
  state.y = Math.min(state.y, shapes.a[1] - 1);
  joinGroups(state, "o");
  const shape = shapes[RESULT[state.slot]];
  const inside = state.index?.length === shape.length && state.index.every((at, axis) => at < shape[axis]);
  if (inside) return;
  state.pinned = false;
  state.index = middle(state);
}

/** An entry in whichever plane it lies. */
export function lookAt(state, slot, index) {
  if (slot === "forward") [state.n, state.o] = index;
  if (slot === "input") [state.n, state.y] = index;
  if (slot === "weight" || slot === "bias") [state.o] = index;
  joinGroups(state, slot === "input" ? "y" : "o");
  const [outs, ins] = perGroup(state.layer);
  if (slot === "weight") state.y = Math.floor(state.o / outs) * ins + index[1];
  Object.assign(state, { slot, index, pinned: false });
}
