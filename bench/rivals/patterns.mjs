// What a script of one's own would use: regular expressions for the common shape of both records, and no care for others.
const STAMP = String.raw`^\[(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)\] `;
const POSITION = String.raw`Ep\. ([\d.]+) : Up\. (\d+) : `;
const TRAINING = new RegExp(
  STAMP +
    POSITION +
    String.raw`Sen\. ([\d,]+) : Cost ([-\d.naif]+)(?: \* [\d,]+ @ [\d,]+ after [\d,]+)? : Time ([\d.]+)s : ([\d.]+) words\/s(?: : gNorm ([\d.]+))?(?: : L\.r\. ([\d.e+-]+))?`,
);
const VALIDATION = new RegExp(
  `${STAMP}\\[valid\\] ${POSITION}${String.raw`(\S+) : ([-\d.e+naif]+) : (?:new best|stalled (\d+) times)`}`,
);
const METRICS = ["chrf", "ce-mean-words", "bleu-detok", "perplexity"];
const COLUMNS = METRICS.map((name) => name.replaceAll("-", "_"));
const HEADS = {
  training: "epoch,up,sen,cost,time,rate,gnorm,learning_rate,timestamp\r\n",
  validation: `epoch,up,${[...COLUMNS, ...COLUMNS.map((name) => `${name}_stalled`)].join(",")},timestamp\r\n`,
};

/** Lines in, the text of two CSV files out: all rows of training, and a row for all metrics of an update. */
export class Rows {
  training = HEADS.training;
  validation = HEADS.validation;
  count = 0;
  #key = "";
  #cells = [];
  #time = "";

  line(text) {
    const match = TRAINING.exec(text);
    if (match !== null) {
      const [, date, time, epoch, up, sen, cost, seconds, rate, gnorm, learningRate] = match;
      this.training += `${epoch},${up},${sen.replaceAll(",", "")},${Number(cost)},${Number(seconds)},${Number(rate)},${gnorm ? Number(gnorm) : ""},${learningRate ? Number(learningRate) : ""},${date}T${time}.000Z\r\n`;
      this.count += 1;
      return;
    }
    const valid = VALIDATION.exec(text);
    if (valid === null) return;
    const [, date, time, epoch, up, metric, value, stalled] = valid;
    const key = `${epoch},${up}`;
    if (key !== this.#key) {
      this.endPoint();
      this.#key = key;
      this.#time = `${date}T${time}.000Z`;
      this.#cells = Array(2 * METRICS.length).fill("");
    }
    const column = METRICS.indexOf(metric);
    this.#cells[column] = Number(value);
    if (stalled !== undefined) this.#cells[METRICS.length + column] = stalled;
  }

  endPoint() {
    if (this.#key !== "") this.validation += `${this.#key},${this.#cells.join(",")},${this.#time}\r\n`;
    this.#key = "";
  }

  /** The text of the rows since the last call. */
  take() {
    const { training, validation } = this;
    this.training = this.validation = "";
    return { training, validation };
  }
}
