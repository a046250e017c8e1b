/**
 * Small layers on which the mistakes of the lens show. No document, no drawing.
 */

import { wrongEntries } from "./comparison.js";

const plain = {
  input_size: [5, 5], kernel_size: [3, 3], stride: [1, 1], dilation: [1, 1], input_dilation: [1, 1],
  padding: [[0, 0], [0, 0]], groups: 1, in_channels: 1, out_channels: 1, batch: 1, bias: true, flip: false,
  weight_layout: "OI",
};

/** Small layers, the plainest first, such that every mistake of the lens shows on one of them. */
export const EXAMPLES = [
  { input_size: [3, 3], kernel_size: [2, 2] },
  { stride: [2, 2] },
  { input_size: [6, 6], stride: [2, 2] },
  { input_size: [4, 4], padding: [[1, 1], [1, 1]] },
  { input_size: [5, 4], kernel_size: [2, 2], padding: [[1, 0], [0, 1]], stride: [2, 2] },
  { input_size: [6, 6], kernel_size: [2, 2], dilation: [2, 2], stride: [2, 2], padding: [[1, 1], [1, 1]] },
  { input_size: [6, 5], kernel_size: [2, 2], stride: [2, 1], padding: [[1, 1], [0, 0]] },
  { input_size: [3, 3], kernel_size: [2, 2], in_channels: 2, out_channels: 2 },
  { input_size: [3, 3], kernel_size: [2, 2], in_channels: 4, out_channels: 4, groups: 2 },
  { input_size: [3, 3], kernel_size: [2, 2], batch: 2 },
].map((numbers) => ({ ...plain, ...numbers }));

/** The first example on which a mistake shows in one of its maps, with that map and the first wrong entry. */
export function exampleOf(mistake) {
  for (const layer of EXAMPLES) {
    for (const slot of mistake.of) {
      const wrong = wrongEntries(layer, slot, mistake);
      if (wrong?.size) return { layer, slot, index: [...wrong.keys()][0].split(",").map(Number) };
    }
  }
  return null;
}
