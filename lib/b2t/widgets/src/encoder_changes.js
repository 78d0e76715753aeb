// Which boxes changed with the last edit of the text, as far as the chosen token and head go. A token that is new, or
// another than it was at its place, has no mark: nothing of it could stay.
import { BOXES } from "./encoder_boxes.js";
import { rowsOf } from "./encoder_numbers.js";

const SAME = 1e-5; // floating-point noise is no change

// before, now: { ids, result } of two texts -> { box: "changed" | "longer" }; longer: the old numbers are all there.
export function changes(before, now, place) {
  const { token } = place;
  if (!before?.result || !now.result || before.ids[token] !== now.ids[token]) return {};
  const keys = Object.keys(BOXES).filter((key) => key !== "ids");
  return Object.fromEntries(keys.map((key) => [key, change(key, before, now, place)]).filter(([, found]) => found));
}

function change(box, before, now, place) {
  const [old, present] = [before, now].map(({ result }) => rowsOf({ ...place, box, result }));
  if (old.some((row, i) => differs(row, present[i]))) return "changed";
  return present[0].length > old[0].length ? "longer" : null;
}

// Whether one row is not the beginning of the other: of a shorter text's scores, none would be left over.
const differs = (old, row) => old.length > row.length || old.some((value, i) => Math.abs(value - row[i]) > SAME);
