/** A text of evaluations that holds none that can be read. The message says what was wrong; the caller names the file. */
export class EvaluationError extends Error {
  override readonly name = "EvaluationError";
}
