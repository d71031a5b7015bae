/** What is wrong with an offline file or its folder. */
type TransactionLogErrorCode =
  /** The file does not start like a W&B offline file. */
  | "not-a-transaction-log"
  /** The bytes of a record are not a record. */
  | "record"
  /** The delivery state next to the file is damaged. */
  | "delivery-state"
  /** A file name leads out of the folder of the run. */
  | "file-name"
  /** The run was finished before. */
  | "closed";

/** An error of W&B's offline file, which W&B calls the transaction log. */
export class TransactionLogError extends Error {
  override readonly name = "TransactionLogError";
  readonly code: TransactionLogErrorCode;

  constructor(code: TransactionLogErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
