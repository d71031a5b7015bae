// What a script of one's own would use: the common shape of a training line, and no care for the others.
export const TRAINING =
  /Ep\. ([\d.]+) : Up\. (\d+) : Sen\. ([\d,]+) : Cost ([-\d.naif]+)(?: \* ([\d,]+) @ ([\d,]+) after ([\d,]+))? : Time ([\d.]+)s : ([\d.]+) words\/s(?: : gNorm ([\d.]+))?(?: : L\.r\. ([\d.e+-]+))?/;

/** A training line as a row of CSV. */
export const csv = ([, epoch, up, sen, cost, , , , time, rate, gnorm, learningRate]) =>
  `${epoch},${up},${sen.replaceAll(",", "")},${Number(cost)},${Number(time)},${Number(rate)},${gnorm ? Number(gnorm) : ""},${learningRate ? Number(learningRate) : ""}\r\n`;
