/** The viewer: connects the parts of the page. */
import { readEvaluationFile } from "../report/evaluations.js";
import { reportFromJson } from "../report/report-json.js";
import { ChartsView } from "./charts/charts-view.js";
import { ConfigurationView } from "./configuration-view.js";
import { byId, keepFocus, listenToKeys, unpackElement } from "./dom.js";
import { showEvaluations } from "./evaluations-view.js";
import { count } from "./format.js";
import { chosenFiles, droppedFiles, type OpenedFile } from "./inputs/opened-files.js";
import { Reading } from "./inputs/reading.js";
import { Notice, someNames } from "./notice.js";
import { ReportModel } from "./report-model.js";
import { RunList } from "./run-list.js";
import { Store, TABS, type ViewState, WHOLE } from "./state.js";
import { showSummary } from "./summary-view.js";
import { Tabs } from "./tabs.js";
import { followPrinter, startTheme, toggleTheme } from "./theme.js";
import { showThroughput } from "./throughput-view.js";
import { Toolbar } from "./toolbar.js";

const store = new Store();
const report = new ReportModel();
const announcer = byId("announcer", HTMLElement);
const announce = (text: string) => {
  announcer.textContent = text;
};
const tabs = new Tabs(store);
const toolbar = new Toolbar(store, report);
const runs = new RunList(store, report);
const charts = new ChartsView(
  byId("charts", HTMLElement),
  ["validation", "training", "patterns"],
  store,
  report,
  announce,
);
const speed = new ChartsView(byId("throughput-charts", HTMLElement), ["throughput"], store, report, announce);
const configuration = new ConfigurationView();
const start = byId("start", HTMLElement);
const main = byId("main", HTMLElement);
const help = byId("help", HTMLDialogElement);
const status = byId("reading", HTMLElement);

const notice = new Notice(() => main.focus());

/** Names of inputs in messages; `REST` are the files that a stopped reading did not reach. */
const REST = "the rest";
const FOLDER = "the folder";
const DROPPED = "what was dropped";

/** Shows why an input has nothing to draw. */
function problem(source: string, reason: string): void {
  report.addProblem({ source, reason });
  notice.add(source, reason);
  store.touch();
}

/** Whether files are being read. */
let busy = false;
const reading = new Reading({
  run: (run) => {
    const shown = report.addRun(run);
    notice.settle(run.source);
    if (shown && run.error !== undefined) notice.add(run.source, `shown as far as it was read: ${run.error}`);
    store.touch();
    return shown;
  },
  problem,
  evaluation: (source, text) => {
    const { evaluation, faults } = readEvaluationFile(source, text);
    const other = report.addEvaluation(evaluation);
    notice.settle(source);
    if (other !== undefined) problem(source, other);
    if (faults.length > 0) problem(source, faults.join("; "));
    store.touch();
  },
  unread: (files) => problem(REST, `${count(files, "file")} not read, because the reading was stopped`),
  progress: (share, text) => {
    busy = true;
    status.hidden = false;
    byId("progress", HTMLProgressElement).value = share;
    byId("reading-text", HTMLElement).textContent = text;
  },
  end: (read, skipped) => {
    // The progress bar disappears with the frame that shows what was read.
    busy = false;
    if (read === 0 && skipped.length > 0) problem(FOLDER, "it holds no log of Marian's and no evaluation");
    else if (skipped.length > 0)
      notice.add(
        FOLDER,
        `${count(skipped.length, "other file")} with nothing to show: ${someNames(skipped)}`,
      );
    announce(
      [`${count(read, "file")} read`, notice.takeFresh()].filter((message) => message !== "").join(". "),
    );
    store.touch();
  },
});

/** What the tables show; they are rebuilt only if that changes. */
let tabled: { readonly tab?: string; readonly hidden?: ReadonlySet<number>; readonly revision?: number } = {};

/** Updates the page to the state. */
function show(state: ViewState): void {
  const focused = document.activeElement;
  fill(state);
  keepFocus(focused, report.empty ? main : byId(`tab-${state.tab}`, HTMLButtonElement));
}

function fill(state: ViewState): void {
  const { tab, hidden } = state;
  const { revision } = report;
  status.hidden = !busy;
  start.hidden = !report.empty;
  // The list of runs also shows the problems.
  byId("runs", HTMLElement).hidden = report.views.length + report.problems.length === 0;
  tabs.show(state, report.empty);
  runs.show(state);
  if (report.empty) return;
  const stale = tabled.tab !== tab || tabled.hidden !== hidden || tabled.revision !== revision;
  tabled = { tab, hidden, revision };
  if (tab === "charts") {
    toolbar.show(state);
    charts.show(state);
  }
  if (tab === "throughput") speed.show(state);
  if (!stale) return;
  if (tab === "summary") showSummary(byId("panel-summary", HTMLElement), report, state);
  if (tab === "throughput") showThroughput(byId("throughput-table", HTMLElement), report, state);
  if (tab === "evaluations") showEvaluations(byId("panel-evaluations", HTMLElement), report, state);
  if (tab === "configuration") configuration.show(report, state);
}

/** Shows why a drop has nothing to read. */
function refuseDrop(reason: string): void {
  problem(DROPPED, reason);
  announce(notice.takeFresh());
}

/** Buttons, drops and keys. */
function listen(): void {
  const files = byId("files", HTMLInputElement);
  const folder = byId("folder", HTMLInputElement);
  const read = (opened: readonly OpenedFile[]) => {
    for (const source of [REST, FOLDER, DROPPED]) {
      report.settle(source);
      notice.settle(source);
    }
    if (opened.length === 0) return refuseDrop("it holds no file");
    void reading.read(opened);
  };
  for (const input of [files, folder]) {
    input.addEventListener("change", () => {
      read(chosenFiles(input.files));
      input.value = "";
    });
  }
  const press = (id: string, action: () => void) =>
    byId(id, HTMLButtonElement).addEventListener("click", action);
  press("open-files", () => files.click());
  press("start-files", () => files.click());
  press("open-folder", () => folder.click());
  press("start-folder", () => folder.click());
  press("cancel", () => reading.stop());
  press("help-button", () => help.showModal());
  const changeTheme = () => {
    toggleTheme();
    store.touch();
  };
  press("theme", changeTheme);

  const veil = byId("drop-veil", HTMLElement);
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    veil.hidden = !event.dataTransfer?.types.includes("Files");
  });
  document.addEventListener("dragleave", ({ relatedTarget }) => {
    if (relatedTarget === null) veil.hidden = true;
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    veil.hidden = true;
    if (event.dataTransfer === null) return;
    droppedFiles(event.dataTransfer).then(read, (error: Error) =>
      refuseDrop(`the browser does not open it (${error.message}): use the button Open folder`),
    );
  });

  listenToKeys({
    ...Object.fromEntries(TABS.map((tab, index) => [String(index + 1), () => store.update({ tab })])),
    o: () => files.click(),
    f: () => folder.click(),
    "/": () => runs.focusFilter(),
    a: () => runs.switchAll(true),
    n: () => runs.switchAll(false),
    x: () => toolbar.nextAxis(),
    l: () => toolbar.toggleLog(),
    "[": () => toolbar.changeSmoothing(-1),
    "]": () => toolbar.changeSmoothing(1),
    y: () => toolbar.toggleOutliers(),
    "0": () => store.update(WHOLE),
    t: changeTheme,
    "?": () => help.showModal(),
  });
}

/** Loads the report that the page contains, if it contains one. */
async function load(): Promise<void> {
  try {
    const bytes = await unpackElement("report-data");
    if (bytes === undefined) return;
    const data = reportFromJson(new TextDecoder().decode(bytes));
    report.addReport(data);
    byId("title", HTMLElement).textContent = data.title;
    byId("made", HTMLElement).textContent = `made ${data.created.slice(0, 16).replace("T", " ")} UTC`;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    report.addProblem({ source: "this report", reason: `its data can't be read: ${reason}` });
  }
}

startTheme(() => store.touch());
followPrinter((printing) => {
  // Now: the printer does not wait for a frame.
  show(store.state);
  if (printing) for (const view of [charts, speed]) view.drawAll();
});
store.listen(show);
listen();
void load().then(() => show(store.state));
