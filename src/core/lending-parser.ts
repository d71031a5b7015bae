/** A parser that reads its log where the caller writes it, and whose batches copy only the columns that somebody reads. */
import type { Batch } from "./batch.js";
import type { Core } from "./core.js";
import {
  type Columns,
  CSV,
  type Rows,
  readEvents,
  readStatistics,
  type TableMemory,
  type Views,
} from "./layout.js";
import { LogParser } from "./log-parser.js";
import { TRAINING_COLUMNS, VALIDATION_COLUMNS, WIDTHS } from "./table.js";

/**
 * A parser for those who are done with a batch when they ask for the next one: a batch holds until the parser is called
 * again. What was read of it by then holds for ever; the rest throws. `Batch.keep` copies all of it, and `Batch.look`
 * copies nothing.
 */
export class LendingParser extends LogParser {
  #lent: LentTable | undefined;
  #address = 0;
  #taken = 0;
  #rooms = 0;

  /**
   * Memory of the core for the next bytes of the log; it begins with what was written there before. The view holds until
   * the core is called again, by any parser of the thread.
   */
  room(length: number): Uint8Array {
    this.#address = this.open().reserve(length);
    this.#taken = 0;
    this.#rooms += 1;
    return this.#input(length);
  }

  /** Takes the first bytes of the room. */
  take(length: number): Batch {
    const core = this.open();
    const table = core.commit(length, false);
    this.#taken = length;
    return this.batch(core, table);
  }

  /** The bytes that were taken last: a view like that of `room`. */
  get taken(): Uint8Array {
    return this.#input(this.#taken);
  }

  /** Makes a copy of the bytes that were taken last, once it is called; throws if there is new room by then. */
  copier(): () => Uint8Array {
    const rooms = this.#rooms;
    let copy: Uint8Array | undefined;
    return () => {
      if (copy === undefined && rooms !== this.#rooms)
        throw new Error("The parser has been called again: read the text of a batch first.");
      copy ??= this.taken.slice();
      return copy;
    };
  }

  #input(length: number): Uint8Array {
    return new Uint8Array(this.module.memory.buffer, this.#address, length);
  }

  /** @internal */
  protected override batch(core: Core, address: number): Batch {
    const batch = super.batch(core, address);
    const table = this.#lent;
    // Of a batch that is over, there are only copies.
    if (table !== undefined)
      batch.look = (read) => (table.isOver ? read(batch) : viewTable(this.module, table.head, read));
    return batch;
  }

  /** @internal */
  protected override views(address: number): Views {
    this.#lent?.end();
    // The core writes over the head when it is called, whatever for.
    const head = new Uint32Array(this.module.memory.buffer, address, CSV * 2).slice();
    const table = new LentTable(this.module, head);
    this.#lent = table;
    const training = new LentTraining(table, TRAINING);
    const validation = new LentValidation(table, VALIDATION);
    const hasEvents = table.length(EVENTS) > 0;
    return {
      order: table.bytes(ORDER),
      training,
      validation,
      events: hasEvents
        ? readEvents(table.floats(EVENTS), table.bytes(EVENTS + 1), table.integers(EVENTS + 2))
        : [],
      ...readStatistics(table.floats(STATISTICS)),
      keep: () => {
        training.keep();
        validation.keep();
        return table.size;
      },
    };
  }
}

/** Gives `read` views of the core's memory. */
function viewTable<Result>(core: TableMemory, head: Uint32Array, read: (rows: Rows) => Result): Result {
  const { buffer } = core.memory;
  const table = new TableViews(core, head);
  const result = read({
    order: table.bytes(ORDER),
    training: new LentTraining(table, TRAINING),
    validation: new LentValidation(table, VALIDATION),
  });
  table.end();
  // The views of a memory that has grown are empty.
  if (core.memory.buffer !== buffer) throw new Error("The core was called while its memory was looked at.");
  return result;
}

// Where the parts of a table are.
const ORDER = 0;
const TRAINING = 1;
const VALIDATION = TRAINING + TRAINING_COLUMNS.length + 1;
const EVENTS = VALIDATION + VALIDATION_COLUMNS.length + 1;
const STATISTICS = EVENTS + 3;

const NO_FLOATS = new Float64Array(0);
const NO_INTEGERS = new Uint32Array(0);
const NO_BYTES = new Uint8Array(0);

/** A table in the core's memory, until the parser is called again. */
abstract class Table {
  readonly #core: TableMemory;
  /** The address and the length of each entry. */
  readonly head: Uint32Array;
  #isOver = false;

  constructor(core: TableMemory, head: Uint32Array) {
    this.#core = core;
    this.head = head;
  }

  /** To be called once the core may have put another table in its place. */
  end(): void {
    this.#isOver = true;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** What readers get of a view. */
  protected abstract lend<Elements extends Float64Array | Uint32Array | Uint8Array>(view: Elements): Elements;

  /** The number of elements of an entry. */
  length(entry: number): number {
    return this.head[entry * 2 + 1] ?? 0;
  }

  /** Bytes of all entries. */
  get size(): number {
    return WIDTHS.slice(0, CSV).reduce((size: number, width, entry) => size + width * this.length(entry), 0);
  }

  floats(entry: number): Float64Array {
    const length = this.length(entry);
    if (length === 0) return NO_FLOATS;
    return this.lend(new Float64Array(this.#buffer, this.head[entry * 2], length));
  }

  integers(entry: number): Uint32Array {
    const length = this.length(entry);
    if (length === 0) return NO_INTEGERS;
    return this.lend(new Uint32Array(this.#buffer, this.head[entry * 2], length));
  }

  bytes(entry: number): Uint8Array {
    const length = this.length(entry);
    if (length === 0) return NO_BYTES;
    return this.lend(new Uint8Array(this.#buffer, this.head[entry * 2], length));
  }

  /** Taken anew each time: any parser of the thread may make the memory grow. */
  get #buffer(): ArrayBufferLike {
    if (this.#isOver)
      throw new Error("The parser has been called again: read the columns of a batch first, or keep it.");
    return this.#core.memory.buffer;
  }
}

/** Gives copies. */
class LentTable extends Table {
  protected override lend<Elements extends Float64Array | Uint32Array | Uint8Array>(
    view: Elements,
  ): Elements {
    return view.slice() as Elements;
  }
}

/** Gives views, for as long as nobody calls the core. */
class TableViews extends Table {
  protected override lend<Elements>(view: Elements): Elements {
    return view;
  }
}

/** Columns that are taken from the core one by one, when they are read first. */
abstract class LentColumns {
  readonly length: number;
  readonly #table: Table;
  readonly #first: number;
  readonly #columns: (Float64Array | undefined)[];
  #present: Uint32Array | undefined;

  constructor(table: Table, first: number, count: number) {
    this.#table = table;
    this.#first = first;
    this.#columns = new Array<undefined>(count).fill(undefined);
    this.length = table.length(first + count);
  }

  get present(): Uint32Array {
    this.#present ??= this.#table.integers(this.#first + this.#columns.length);
    return this.#present;
  }

  column(at: number): Float64Array {
    let column = this.#columns[at];
    if (column === undefined) {
      column = this.#table.floats(this.#first + at);
      this.#columns[at] = column;
    }
    return column;
  }

  keep(): void {
    void this.present;
    for (const at of this.#columns.keys()) this.column(at);
  }
}

type LentColumnsClass<Name extends string> = new (
  table: Table,
  first: number,
) => Columns<Name> & Pick<LentColumns, "keep">;

/** The class for columns of these names: its getters are made once, not for each batch. */
function lentColumns<Name extends string>(names: readonly Name[]): LentColumnsClass<Name> {
  const Named = class extends LentColumns {
    constructor(table: Table, first: number) {
      super(table, first, names.length);
    }
  };
  for (const [at, name] of names.entries())
    Object.defineProperty(Named.prototype, name, {
      get(this: LentColumns) {
        return this.column(at);
      },
    });
  return Named as unknown as LentColumnsClass<Name>;
}

const LentTraining = lentColumns(TRAINING_COLUMNS);
const LentValidation = lentColumns(VALIDATION_COLUMNS);
