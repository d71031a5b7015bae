/**
 * A float as Python's `repr` prints it, the form of the reference's files: shortest digits that read back the same,
 * `19.0`, `1.875e-08`, `1e+16`, `nan`, `inf`. The core formats training rows the same way.
 */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/e([-+])(\d)$/, "e$10$2");
  }
  if (Number.isInteger(value)) return `${Object.is(value, -0) ? "-0" : value}.0`;
  return String(value);
}

/** A count, or an epoch: whole numbers without a point. */
export function formatCount(value: number): string {
  return Number.isSafeInteger(value) && value >= 0 ? String(value) : formatFloat(value);
}
